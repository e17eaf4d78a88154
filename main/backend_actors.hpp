// The actors of one backend, and who knows whom among them.
#pragma once

#include "actors/backend/connection.hpp"
#include "actors/cluster/session_ledger.hpp"
#include "actors/scheduler/scheduler.hpp"

namespace pgstatsmon {

/// Starts a backend's QUERY and CONNECTION, and its VISITOR if it has other databases to watch.
backend_spawner backend_actors(const registry_actor& registry, const context_ptr& context,
                               const std::shared_ptr<session_ledger>& ledger = nullptr);

} // namespace pgstatsmon
