// What a CONNECTION is given: what it has to itself, and what it shares with all others.
#pragma once

#include "actors/backend/log_summary.hpp"
#include "actors/backend/own_time.hpp"
#include "actors/backend/passfile_guard.hpp"
#include "actors/backend/session.hpp"
#include "actors/interfaces.hpp"
#include "actors/reactor/socket_watcher.hpp"
#include "actors/registry/backend_metrics.hpp"
#include "config/settings.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>

namespace pgstatsmon {

/// What all CONNECTIONs share. Outlives them.
struct connection_context {
  socket_watcher* sockets = nullptr;
  worker_actor worker;
  gate_actor gate;              ///< Null: every backend may connect at once.
  log_summary* alike = nullptr; ///< Null: every line is written.
  session_factory sessions;
  std::function<double()> chance;    ///< Uniform in [0, 1); any thread.
  std::function<double()> unix_time; ///< Seconds; for metrics only.
  std::shared_ptr<passfile_guard> passfile = std::make_shared<passfile_guard>();
  session_factory consoles{}; ///< Of sessions with pgbouncers' consoles.
  own_time::clock cpu_time = thread_cpu_time;
};

using context_ptr = std::shared_ptr<const connection_context>;

/// Who is told that a backend is READY.
using readiness_listener = caf::typed_actor<caf::reacts_to<backend_ready>>;

/// One life of one backend, as its CONNECTION gets it.
struct connection_arguments {
  backend target;
  incarnation life = 0;
  metrics_ptr metrics;
  registry_actor registry;
  readiness_listener scheduler;
  settings_ptr options;
  context_ptr context;
  visitor_actor visitor{}; ///< Of the server's other databases; null: they are not watched.
};

} // namespace pgstatsmon
