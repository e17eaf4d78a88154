// `etcd`: where it is, who asks and how long that may take.
#include "config/settings_parts.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

constexpr size_t max_endpoints = 16;

/// A URL of an endpoint: the paths are ours.
std::optional<std::string> parse_endpoint(const value& x) {
  auto result = parse_base_url(x);
  if (!result)
    return std::nullopt;
  auto host = result->find("://") + 3;
  if (result->ends_with('/'))
    result->pop_back();
  if (result->find('/', host) == std::string::npos)
    return result;
  x.complain("has a path, expected http://HOST:PORT or https://HOST:PORT");
  return std::nullopt;
}

void read_endpoints(const value& list, std::vector<std::string>& to) {
  list.describe();
  list.each([&](const value& item) {
    std::string url;
    if (item.given())
      item.read(url, parse_endpoint);
    if (std::ranges::find(to, url) != to.end())
      item.complain("is given twice");
    else if (!url.empty())
      to.push_back(std::move(url));
  });
  if (to.size() > max_endpoints)
    list.complain(fmt::format("has {} endpoints, expected {} at most", to.size(), max_endpoints));
}

} // namespace

// As Patroni reads its own: `/service` of `service`, `/service/` and `//service`.
std::optional<std::string> parse_namespace(const value& x) {
  auto result = parse_word(x);
  if (!result)
    return std::nullopt;
  auto first = result->find_first_not_of('/');
  if (first == std::string::npos)
    return std::string{};
  return '/' + result->substr(first, result->find_last_not_of('/') + 1 - first);
}

void read_etcd(const value& self, fields& s, etcd_settings& x) {
  auto endpoints = s.get("endpoints");
  if (!endpoints.given() && self.given())
    self.complain("names no endpoints, expected their URLs");
  read_endpoints(endpoints, x.endpoints);
  auto password = s.get("password_file").read(x.password_file, parse_secret_file);
  s.get("connect_timeout").read(x.connect_timeout, parse_time);
  s.get("request_timeout").read(x.request_timeout, parse_time);
  s.get("ca_file").read(x.ca_file, parse_file);
  auto certificate = s.get("certificate_file").read(x.certificate_file, parse_file);
  auto key = s.get("key_file").read(x.key_file, parse_secret_file);
  s.get("max_body_bytes").read(x.max_body_bytes, integer<uint64_t>(1024, 1ULL << 30));
  if (certificate.given() && !key.given())
    certificate.complain("has no key, expected key_file with it");
  if (key.given() && !certificate.given())
    key.complain("has no certificate, expected certificate_file with it");
  if (certificate.given() && !password.given())
    certificate.warn(
      "names no user to etcd's gateway: if etcd wants users, password_file says one");
  auto plain = [](const std::string& url) { return url.starts_with("http://"); };
  if (password.given() && std::ranges::any_of(x.endpoints, plain))
    password.warn("the password travels unencrypted, an endpoint is http");
}

} // namespace pgstatsmon
