// From settings to an actor.
#include "actors/cluster/engines.hpp"

#include "actors/backend/pq_session.hpp"
#include "actors/cluster/etcd_leases.hpp"
#include "actors/cluster/postgres_engine.hpp"
#include "actors/etcd/etcd_client.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

backend server_of(const lease_rows_settings& x) {
  backend result;
  result.name = "cluster engine";
  result.address = x.host;
  result.port = x.port;
  result.database = x.database;
  result.user = x.user;
  result.password_file = x.password_file;
  for (const auto& [keyword, value] : x.parameters)
    result.parameters.emplace_back(keyword, value);
  return result;
}

/// A call takes two of its requests at most, and an order whose calls are answered after a third of
/// the lease's time has been given up.
etcd_settings within(etcd_settings how, milliseconds ttl) {
  constexpr int part = 6;
  how.connect_timeout = std::min(how.connect_timeout, ttl / part);
  how.request_timeout = std::min(how.request_timeout, ttl / part);
  return how;
}

engine_starter etcd_engine_of(const cluster_settings& x, const etcd_metrics_ptr& metrics) {
  return [how = within(x.etcd.how, x.ttl), prefix = fmt::format("{}/{}/", x.etcd.prefix, x.fleet),
          metrics](caf::local_actor& parent, const engine_listener& listener) {
    auto client = std::make_shared<etcd_client>(how, metrics);
    return engine_actor{parent.spawn(etcd_leases, etcd_leases_arguments{client, prefix, listener})};
  };
}

} // namespace

engine_starter engine_of(const settings& options, const worker_actor& worker,
                         socket_watcher* sockets, etcd_families& metrics) {
  const auto& cluster = *options.cluster;
  if (!cluster.etcd.how.endpoints.empty())
    return etcd_engine_of(cluster, metrics.of("cluster"));
  auto connections = options.connections;
  // Those are for the backends.
  connections.parameters = {};
  postgres_engine_arguments arguments{.server = server_of(cluster.postgres),
                                      .where = {cluster.postgres.schema, cluster.fleet},
                                      .connections = connections,
                                      .worker = worker,
                                      .sockets = sockets,
                                      .sessions = pq_sessions()};
  // Nobody tells of changes of rows, so there is nobody to be listened to.
  return [arguments](caf::local_actor& parent, const engine_listener&) {
    return engine_actor{parent.spawn(postgres_engine, arguments)};
  };
}

} // namespace pgstatsmon
