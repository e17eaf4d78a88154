// The static list.
#include "config/backend_name.hpp"
#include "config/socket_directory.hpp"
#include "config/source_parts.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace pgstatsmon {

namespace {

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

} // namespace

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

} // namespace pgstatsmon
