// What the discovery sources say alike.
#include "config/source_parts.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

std::optional<std::string> parse_source_name(const value& x) {
  auto result = parse_word(x);
  if (!result)
    return std::nullopt;
  auto odd = result->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_.");
  // The name of a source is also that of its file in state_dir.
  if (odd == std::string::npos && result->front() != '.' && result->size() <= 64)
    return result;
  x.complain("is no name of a source, expected at most 64 letters, digits and -_., no . first");
  return std::nullopt;
}

} // namespace

void read_name(fields& s, const value& self, std::string& name, source_names& names) {
  std::optional<std::string> own;
  auto x = s.get("name").read(own, parse_source_name);
  if (x.given() && !own)
    return;
  name = own.value_or(name);
  auto [first, fresh] = names.emplace(name, self.path());
  if (!fresh)
    (x.given() ? x : self)
      .complain("two sources are called '" + name + "', the other is " + first->second
                + ": expected a name of its own");
}

void read_http_options(fields& s, http_settings& x) {
  s.get("connect_timeout").read(x.connect_timeout, parse_time);
  s.get("request_timeout").read(x.request_timeout, parse_time);
  s.get("ca_file").read(x.ca_file, parse_file);
  auto certificate = s.get("certificate_file").read(x.certificate_file, parse_file);
  auto key = s.get("key_file").read(x.key_file, parse_secret_file);
  auto auth = s.get("basic_auth_file").read(x.basic_auth_file, parse_secret_file);
  s.get("max_body_bytes").read(x.max_body_bytes, integer<uint64_t>(1024, 1ULL << 30));
  if (certificate.given() && !key.given())
    certificate.complain("has no key, expected key_file with it");
  if (key.given() && !certificate.given())
    key.complain("has no certificate, expected certificate_file with it");
  if (auth.given() && x.url.starts_with("http://"))
    auth.warn("the password travels unencrypted, the URL is http");
}

void read_http(fields& s, http_settings& x, std::optional<std::string> (*parse)(const value&)) {
  s.get("url").require(x.url, "an http or https URL", parse);
  read_http_options(s, x);
}

void read_poll_interval(fields& s, milliseconds& x) {
  warn_if_short(s.get("poll_interval", "pollInterval").read(x, parse_time), x);
}

void read_shrink(const value& self, shrink_settings& x) {
  fields s{self};
  s.get("below").read(x.below, [](const value& y) { return parse_number(y, 0, 1); });
  s.get("at_least").read(x.at_least, integer<uint32_t>(1, 1'000'000));
  s.get("recheck").read(x.recheck, parse_time);
}

void read_roles(const value& self, role_map& roles) {
  self.each_entry([&](std::string_view key, const value& entry) {
    fields s{entry};
    std::string database;
    s.get("database").require(database, "the name of a database", parse_word);
    roles.insert_or_assign(std::string{key}, std::move(database));
  });
}

void refuse(const value& x, std::string_view what) {
  if (x.given())
    x.complain(fmt::format("{}, expected none with kind: pgbouncer", what));
}

} // namespace pgstatsmon
