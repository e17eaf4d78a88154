// The discovery sources: `static`, `vmapi`, `file`, `http_sd`, `dns`, `patroni`, and what they
// share.
#include "config/activity.hpp"
#include "config/backend_name.hpp"
#include "config/budget.hpp"
#include "config/collect.hpp"
#include "config/databases.hpp"
#include "config/settings_parts.hpp"
#include "config/socket_directory.hpp"
#include "config/tables.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <tuple>
#include <type_traits>

namespace pgstatsmon {

namespace {

/// The names of all sources, so that none is used twice.
using source_names = std::map<std::string, std::string, std::less<>>; // name to path

using role_map = std::map<std::string, std::string>;

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

/// How a URL is asked, but for the URL.
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

/// The interval between two polls of a source, in both spellings.
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

/// What has no meaning for a pgbouncer.
void refuse(const value& x, std::string_view what) {
  if (x.given())
    x.complain(fmt::format("{}, expected none with kind: pgbouncer", what));
}

/// What every source says of its backends, and every entry of the static list: `collect`,
/// `tables`, `budget`, `activity`, `databases`, `kind`, `password_file` and `parameters`.
template <class T>
void read_backends(fields& s, T& x, bool guards) {
  auto& run = s.run();
  s.get("password_file").read(x.access.password_file, parse_secret_file);
  read_parameters(s.get("parameters"), guards, x.access.parameters);
  run.names_on.clear();
  read_collect(s.get("collect"), x.collect);
  auto tables = s.get("tables");
  read_tables(tables, x.collect.tables);
  read_budget(s.get("budget"), x.collect);
  auto activity = s.get("activity");
  read_activity(activity, x.collect);
  auto databases = s.get("databases");
  read_databases(databases, x.databases);
  auto kind = s.get("kind").read(x.kind, parse_kind);
  if (x.kind == backend_kind::pgbouncer && x.databases.on.value_or(false))
    refuse(databases, "asks for the databases of a PostgreSQL server");
  if (x.kind == backend_kind::pgbouncer)
    refuse(tables, "chooses tables of a PostgreSQL server");
  if (x.kind == backend_kind::pgbouncer)
    refuse(activity, "watches sessions of a PostgreSQL server");
  // A source without a kind may list both.
  auto one_kind = std::is_same_v<T, static_backend> || kind.given();
  for (const auto& place : run.names_on)
    if (one_kind)
      run.queries_on.emplace_back(place, x.kind);
}

/// `labels`, and what read_backends() reads.
template <class T>
void read_labelled_backends(fields& s, T& x, bool guards) {
  auto& run = s.run();
  auto first = run.static_labels.size();
  s.get("labels").read(x.labels, parse_labels);
  read_backends(s, x, guards);
  if (x.kind != backend_kind::pgbouncer)
    return;
  auto own = run.static_labels.begin() + static_cast<ptrdiff_t>(first);
  run.console_labels.insert(run.console_labels.end(), own, run.static_labels.end());
  run.static_labels.erase(own, run.static_labels.end());
}

void read_vmapi(const value& self, vmapi_settings& x, const settings& all, source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  read_http(s, x.http, parse_base_url);
  read_poll_interval(s, x.poll_interval);
  {
    fields tags{s.get("tags")};
    tags.get("vm_tag_name").require(x.tag_name, "the name of a tag", parse_word);
    tags.get("vm_tag_value").require(x.tag_value, "a value, * matches anything", parse_word);
    tags.get("nic_tag").require(x.nic_tag, "a regular expression", parse_regex);
  }
  auto own_roles = s.get("roles");
  read_roles(own_roles, x.roles);
  x.roles.insert(all.roles.begin(), all.roles.end());
  read_labelled_backends(s, x, all.connections.guards);
  if (x.kind == backend_kind::pgbouncer)
    refuse(own_roles, "names databases of PostgreSQL servers");
  read_shrink(s.get("shrink"), x.shrink);
}

void read_file_source(const value& self, file_source_settings& x, const settings& all,
                      source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  s.get("path").require(x.path, "the path of a list of backends", parse_file);
  read_labelled_backends(s, x, all.connections.guards);
}

void read_http_sd(const value& self, http_sd_settings& x, const settings& all,
                  source_names& names) {
  fields s{self};
  read_name(s, self, x.name, names);
  read_http(s, x.http, parse_url);
  read_poll_interval(s, x.poll_interval);
  read_labelled_backends(s, x, all.connections.guards);
  read_shrink(s.get("shrink"), x.shrink);
}

void read_dns(const value& self, dns_settings& x, const settings& all, source_names& names) {
  using record = dns_settings::record;
  fields s{self};
  read_name(s, self, x.name, names);
  auto list = s.get("names");
  list.describe();
  list.each([&](const value& item) {
    std::string name;
    if (item.given())
      item.read(name, parse_host);
    if (std::ranges::find(x.names, name) != x.names.end())
      item.complain("is given twice");
    else if (!name.empty())
      x.names.push_back(std::move(name));
  });
  s.get("type").read(x.type, choice<record>({{"srv", record::srv}, {"a", record::a}}));
  s.get("server").read(x.server, parse_name_server);
  read_poll_interval(s, x.poll_interval);
  read_labelled_backends(s, x, all.connections.guards);
  read_shrink(s.get("shrink"), x.shrink);
}

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

/// Reads every entry of a kind of source.
/// @param key Which of its options somebody means who gives no object.
template <class T, class Read>
void read_each(const value& self, std::string_view key, std::vector<T>& sources, const Read& read) {
  if (self.given() && self.node().type == document_node::kind::string)
    // Not as it stands there: it may have a secret in it.
    return self.complain(fmt::format("is a string, expected an object: {{{}: ...}}", key));
  self.each_or_one([&](const value& item) { read(item, sources.emplace_back()); });
}

void read_static_backend(const value& self, static_backend& x, const settings& all) {
  fields s{self};
  s.get("name").require(x.name, "a name", parse_word);
  s.get("ip").require(x.ip, "an address or a host name", parse_backend_address);
  s.get("port").read(x.port, integer<uint16_t>(1, 65535));
  auto database = s.get("database").read(x.database, parse_word);
  s.get("user").read(x.user, parse_word);
  auto role = s.get("role").read(x.role, parse_word);
  read_labelled_backends(s, x, all.connections.guards);
  if (x.kind == backend_kind::pgbouncer)
    refuse(role, "names a database of a PostgreSQL server");
  else if (x.role && !all.roles.contains(*x.role))
    role.complain("is no role, expected a key of roles");
  if (role.given() && database.given())
    role.complain("both say the database, expected role or database");
}

/// Two entries for one server would be two connections to it and the same samples twice.
void check_distinct(const std::vector<value>& places, const settings& x) {
  std::map<std::tuple<std::string, uint16_t, std::string>, size_t> servers;
  std::map<std::string, size_t> labels; // who has which
  backend_names names;
  for (size_t i = 0; i < places.size(); ++i) {
    const auto& entry = x.static_backends[i];
    auto other = [&](size_t j) {
      return places[j].path() + " on line " + std::to_string(places[j].node().line);
    };
    auto database = database_of(entry, x);
    auto ip = entry.ip;
    if (!is_socket_directory(ip))
      std::ranges::transform(ip, ip.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
    auto key = std::tuple{ip, entry.port.value_or(x.backend_port), database};
    if (entry.ip.empty() || entry.name.empty())
      continue;
    if (auto [first, fresh] = servers.emplace(key, i); !fresh)
      places[i].complain("is the same server and database as " + other(first->second));
    auto given = names.give({.name = entry.name,
                             .address = entry.ip,
                             .port = entry.port.value_or(x.backend_port),
                             .database = database,
                             .id = {}});
    if (given != entry.name)
      places[i].warn("has the name of " + other(labels.at(entry.name)) + ", its backend label is "
                     + one_line(given));
    labels.emplace(std::move(given), i);
  }
}

void read_static(const value& self, settings& x) {
  fields s{self};
  auto dbs = s.get("dbs");
  std::vector<value> places;
  dbs.each([&](const value& item) {
    places.push_back(item);
    read_static_backend(item, x.static_backends.emplace_back(), x);
  });
  if (self.given() && x.static_backends.empty())
    (dbs.given() ? dbs : self).warn("has no backends");
  if (!self.run().describing)
    check_distinct(places, x);
}

} // namespace

void read_sources(const value& root, fields& top, settings& x) {
  bool both = false;
  top.get("discovery").read(both, choice<bool>({{"auto", false}, {"both", true}}));
  auto roles = top.get("roles");
  read_roles(roles, x.roles);
  auto fixed = top.get("static");
  read_static(fixed, x);
  source_names names{{"static", "the static list"}};
  bool any = fixed.given();
  auto get = [&](std::string_view key) {
    auto result = top.get(key);
    any = any || (result.given() && result.node().type != document_node::kind::null);
    return result;
  };
  read_each(get("vmapi"), "url", x.vmapi,
            [&](const value& y, vmapi_settings& z) { read_vmapi(y, z, x, names); });
  read_each(get("file"), "path", x.files,
            [&](const value& y, file_source_settings& z) { read_file_source(y, z, x, names); });
  read_each(get("http_sd"), "url", x.http_sd,
            [&](const value& y, http_sd_settings& z) { read_http_sd(y, z, x, names); });
  read_each(get("dns"), "names", x.dns,
            [&](const value& y, dns_settings& z) { read_dns(y, z, x, names); });
  read_each(get("patroni"), "etcd", x.patroni,
            [&](const value& y, patroni_settings& z) { read_patroni(y, z, x, names); });
  if (fixed.given() && !x.vmapi.empty() && !both) {
    fixed.warn("is ignored because vmapi is given: discovery: both uses the two");
    x.static_backends.clear();
  }
  if (!any)
    root.complain("names no discovery source, expected static, vmapi, file, http_sd, dns or "
                  "patroni");
}

} // namespace pgstatsmon
