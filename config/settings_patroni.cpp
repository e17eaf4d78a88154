// Patroni: the etcd that it keeps its clusters in, or members' REST interface.
#include "config/source_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace pgstatsmon {

namespace {

/// `rest`: where members are, and how they are asked.
void read_rest(const value& self, patroni_settings& x) {
  constexpr size_t max_urls = 1000;
  fields s{self};
  auto list = s.get("urls");
  list.describe();
  list.each([&](const value& item) {
    std::string url;
    if (item.given())
      item.read(url, parse_base_url);
    while (url.ends_with('/'))
      url.pop_back();
    if (std::ranges::find(x.rest, url) != x.rest.end())
      item.complain("is given twice");
    else if (!url.empty())
      x.rest.push_back(std::move(url));
  });
  if (self.given() && !list.given())
    self.complain("names no members, expected urls");
  if (x.rest.size() > max_urls)
    list.complain(fmt::format("has {} URLs, expected {} at most", x.rest.size(), max_urls));
  x.http.url = x.rest.empty() ? std::string{} : x.rest.front();
  read_http_options(s, x.http);
  x.http.url.clear();
}

} // namespace

void read_patroni(const value& self, patroni_settings& x, const settings& all,
                  source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  auto etcd = s.get("etcd");
  {
    fields of_etcd{etcd};
    read_etcd(etcd, of_etcd, x.etcd);
  }
  auto prefix = s.get("namespace").read(x.prefix, parse_namespace);
  auto rest = s.get("rest");
  read_rest(rest, x);
  if (etcd.given() && rest.given())
    rest.complain("says the same as etcd, expected one of the two");
  if (prefix.given() && rest.given())
    prefix.complain("is of etcd, expected none with rest");
  if (!etcd.given() && !rest.given() && !s.run().describing)
    self.complain("says nobody to be asked, expected etcd or rest");
  auto scopes = s.get("scopes");
  scopes.describe();
  scopes.each([&](const value& item) {
    std::string scope;
    if (item.given())
      item.read(scope, parse_word);
    if (!scope.empty())
      x.scopes.push_back(std::move(scope));
  });
  read_poll_interval(s, x.poll_interval);
  read_labelled_backends(s, x, all.connections.guards);
  if (x.kind != backend_kind::postgres)
    self.complain("kind: Patroni has PostgreSQL servers only, expected postgres");
  for (const auto* own : {"cluster", "member"})
    if (std::ranges::any_of(x.labels, [own](const auto& y) { return y.first == own; }))
      self.complain(fmt::format("labels: '{}' is a label that Patroni's members have", own));
  read_shrink(s.get("shrink"), x.shrink);
}

} // namespace pgstatsmon
