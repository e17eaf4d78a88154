// Names, times, and where the leases are.
#include "config/cluster.hpp"

#include "config/settings_parts.hpp"
#include "config/shard.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <chrono>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

constexpr size_t longest_name = 200;

/// A name that others see, or what stands for one.
std::optional<std::string> parse_name(const value& x) {
  auto text = parse_word(x);
  if (!text)
    return std::nullopt;
  auto name = named_at_start(*text).value_or(*text);
  if (!name.empty() && name.size() <= longest_name)
    return name;
  x.complain(name.empty() ? fmt::format("'{}' stands for nothing here", *text)
                          : std::string{"is too long for a name"});
  return std::nullopt;
}

std::optional<double> parse_weight(const value& x) {
  return parse_number(x, 0.01, 100);
}

auto time_within(milliseconds least, milliseconds most) {
  return [=](const value& x) -> std::optional<milliseconds> {
    auto result = parse_time(x);
    if (!result || (*result >= least && *result <= most))
      return result;
    x.complain(fmt::format("is out of range, expected {} s to {} s", least / 1s, most / 1s));
    return std::nullopt;
  };
}

void read_rows(const value& self, lease_rows_settings& x) {
  fields s{self};
  s.get("host").require(x.host, "the PostgreSQL's address or host name", parse_host);
  s.get("port").read(x.port, integer<uint16_t>(1, 65535));
  s.get("database").read(x.database, parse_word);
  s.get("user").read(x.user, parse_word);
  s.get("password_file").read(x.password_file, parse_secret_file);
  s.get("schema").read(x.schema, parse_word);
  read_parameters(s.get("parameters"), true, x.parameters);
}

void read_keys(const value& self, lease_keys_settings& x) {
  fields s{self};
  read_etcd(self, s, x.how);
  s.get("namespace").read(x.prefix, parse_namespace);
}

/// One engine, and no other.
void read_engine(const value& self, fields& s, cluster_settings& x) {
  auto keys = s.get("etcd");
  auto rows = s.get("postgres");
  auto describing = self.run().describing;
  if (keys.given() || describing)
    read_keys(keys, x.etcd);
  if (rows.given() || describing)
    read_rows(rows, x.postgres);
  if (keys.given() && rows.given())
    rows.complain("says the same as etcd, expected one of the two");
  if (!keys.given() && !rows.given())
    self.complain("says nobody to keep leases, expected etcd or postgres");
}

/// Where the page is, if nobody says it: the address that it listens on, or the host's name.
std::string usual_address(const target_settings& x) {
  auto everywhere = x.ip == "0.0.0.0" || x.ip == "::";
  auto host = everywhere ? named_at_start("%H").value_or("") : x.ip;
  auto brackets = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", x.port);
}

} // namespace

void read_cluster(const value& self, settings& x) {
  if (!self.given() && !self.run().describing)
    return;
  cluster_settings to;
  to.member = named_at_start("%H").value_or("");
  to.advertise = usual_address(x.target);
  {
    fields s{self};
    auto fleet = s.get("fleet").read(to.fleet, parse_name);
    s.get("member").read(to.member, parse_name);
    auto advertise = s.get("advertise").read(to.advertise, parse_word);
    if (x.target.port == 0 && !advertise.given())
      advertise.complain("is missing, expected host:port, as target.port says none");
    s.get("weight").read(to.weight, parse_weight);
    s.get("ttl").read(to.ttl, time_within(5s, 60s));
    s.get("settle").read(to.settle, time_within(1s, 600s));
    s.get("max_moves").read(to.max_moves, parse_share);
    s.get("cut_off").read(to.stop_when_cut_off, choice<bool>({{"keep", false}, {"stop", true}}));
    read_engine(self, s, to);
    // Its keys would lie among another fleet's.
    if (s.get("etcd").given() && to.fleet.find('/') != std::string::npos)
      fleet.complain("has a slash, expected none with etcd");
  }
  if (x.shard.of > 1)
    self.warn("shares one shard: those of other shards need another cluster.fleet");
  x.cluster = std::move(to);
}

} // namespace pgstatsmon
