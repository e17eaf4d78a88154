// Which engine a configuration names.
#pragma once

#include "actors/cluster/cluster.hpp"
#include "actors/etcd/etcd_metrics.hpp"
#include "actors/reactor/socket_watcher.hpp"

namespace pgstatsmon {

/// What starts the engine of `cluster`, which the settings have.
/// @param sockets Outlives it.
/// @param metrics Where requests to etcd are counted, if that is the engine. Outlives it.
engine_starter engine_of(const settings& options, const worker_actor& worker,
                         socket_watcher* sockets, etcd_families& metrics);

} // namespace pgstatsmon
