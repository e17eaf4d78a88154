// From settings to an actor.
#include "actors/cluster/engines.hpp"

#include "actors/backend/pq_session.hpp"
#include "actors/cluster/postgres_engine.hpp"

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

} // namespace

engine_starter engine_of(const settings& options, const worker_actor& worker,
                         socket_watcher* sockets) {
  const auto& cluster = *options.cluster;
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
