// The settings in a few lines for a person.
#include "config/backend_name.hpp"
#include "config/databases.hpp"
#include "config/settings.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pgstatsmon {

namespace {

using out = std::back_insert_iterator<std::string>;

// A list that is longer says more about its length than about its entries.
constexpr size_t max_listed = 10;

std::string time_text(milliseconds x) {
  if (x.count() % 1000 == 0)
    return fmt::format("{} s", x.count() / 1000);
  return fmt::format("{} ms", x.count());
}

std::string size_text(uint64_t bytes) {
  return fmt::format("{:.4g} MiB", static_cast<double>(bytes) / (1 << 20));
}

void explain_static(const settings& x, out to) {
  if (x.static_backends.empty())
    return;
  fmt::format_to(to, "static: {}\n", counted(x.static_backends.size(), "backend"));
  for (size_t i = 0; i < x.static_backends.size() && i < max_listed; ++i) {
    const auto& y = x.static_backends[i];
    fmt::format_to(to, "  {} at {}, {} {}, user {}\n", y.name,
                   address_and_port(y.ip, y.port.value_or(x.backend_port)),
                   y.kind == backend_kind::pgbouncer ? "pgbouncer's console" : "database",
                   database_of(y, x), y.user.value_or(x.user));
  }
  if (x.static_backends.size() > max_listed)
    fmt::format_to(to, "  and {} more\n", x.static_backends.size() - max_listed);
}

void explain_sources(const settings& x, out to) {
  auto kind = [](const auto& y) {
    return y.kind == backend_kind::pgbouncer ? ", of pgbouncers" : "";
  };
  for (const auto& y : x.vmapi)
    fmt::format_to(to, "{}: VMAPI at {} every {}, tag {}={}, NICs {}{}\n", y.name, y.http.url,
                   time_text(y.poll_interval), y.tag_name, y.tag_value, y.nic_tag, kind(y));
  for (const auto& y : x.files)
    fmt::format_to(to, "{}: file {}{}\n", y.name, y.path, kind(y));
  for (const auto& y : x.http_sd)
    fmt::format_to(to, "{}: {} every {}{}\n", y.name, y.http.url, time_text(y.poll_interval),
                   kind(y));
  for (const auto& y : x.dns)
    fmt::format_to(to, "{}: {} records of {} every {}{}\n", y.name,
                   y.type == dns_settings::record::srv ? "SRV" : "A and AAAA",
                   counted(y.names.size(), "name"), time_text(y.poll_interval), kind(y));
  for (const auto& y : x.patroni)
    fmt::format_to(
      to, "{}: Patroni by {} every {}, {}\n", y.name,
      y.etcd.endpoints.empty()
        ? counted(y.rest.size(), "REST URL")
        : fmt::format("{} of etcd, namespace {}", counted(y.etcd.endpoints.size(), "endpoint"),
                      y.prefix.empty() ? "/" : y.prefix),
      time_text(y.poll_interval),
      y.scopes.empty() ? "all scopes" : "scopes " + fmt::format("{}", fmt::join(y.scopes, ", ")));
}

/// Sessions that a server has of us where its other databases are watched, too.
void explain_databases(const settings& x, out to) {
  auto top = narrowed({}, x.databases);
  auto say = [&](std::string_view who, const database_rules& rules) {
    if (rules.on)
      fmt::format_to(to,
                     "{}: every database of a server, {} more at most, every {}; 1 + {} + {}"
                     " sessions a server at most\n",
                     who, rules.max, time_text(milliseconds{rules.interval}), rules.keep,
                     rules.at_once);
  };
  auto each = [&](const auto& list) {
    for (const auto& y : list)
      if (y.kind == backend_kind::postgres)
        say(y.name, narrowed(top, y.databases));
  };
  if (x.static_backends.size() <= max_listed)
    each(x.static_backends);
  else
    say("static", top);
  each(x.vmapi);
  each(x.files);
  each(x.http_sd);
  each(x.dns);
  each(x.patroni);
}

void explain_cluster(const settings& x, out to) {
  if (!x.cluster)
    return;
  const auto& y = *x.cluster;
  const auto& endpoints = y.etcd.how.endpoints;
  fmt::format_to(to, "cluster: {} of fleet {}, page at {}, leases of {} in {}\n", y.member, y.fleet,
                 y.advertise, time_text(y.ttl),
                 endpoints.empty()
                   ? fmt::format("PostgreSQL at {}, schema {}",
                                 address_and_port(y.postgres.host, y.postgres.port),
                                 y.postgres.schema)
                   : fmt::format("{} of etcd, {}/{}/", counted(endpoints.size(), "endpoint"),
                                 y.etcd.prefix, y.fleet));
}

std::string interval_text(const settings& x) {
  auto result = time_text(x.interval);
  return x.longest_interval > x.interval ? result + " to " + time_text(x.longest_interval) : result;
}

} // namespace

std::string explain(const settings& x, std::string_view scheme) {
  std::string result;
  auto to = std::back_inserter(result);
  explain_static(x, to);
  explain_sources(x, to);
  explain_databases(x, to);
  explain_cluster(x, to);
  fmt::format_to(to,
                 "polls every {} as {}, at most {} at once; a query may take {}, a connection {}\n",
                 interval_text(x), x.user, x.connections.max_in_flight,
                 time_text(x.connections.query_timeout), time_text(x.connections.connect_timeout));
  fmt::format_to(to, "a server may send {} for a query, {} for a poll, all together {}\n",
                 size_text(x.connections.max_query_bytes), size_text(x.connections.max_poll_bytes),
                 size_text(x.connections.max_fleet_bytes));
  fmt::format_to(to, "queries: {}{}\n", x.queries.empty() ? "those compiled in" : x.queries,
                 x.added_queries.empty() ? "" : ", and those of " + x.added_queries);
  fmt::format_to(to, "page: {}://{}{}\n", scheme, address_and_port(x.target.ip, x.target.port),
                 x.target.route);
  for (const auto& [name, text] : x.target.metadata)
    fmt::format_to(to, "label of every series: {}=\"{}\"\n", name, text);
  return result;
}

} // namespace pgstatsmon
