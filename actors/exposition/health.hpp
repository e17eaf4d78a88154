// Health for load balancers and Kubernetes: `/-/healthy` and `/-/ready`.
#pragma once

#include "actors/cluster/cluster_status.hpp"
#include "actors/exposition/http_server.hpp"
#include "actors/registry/heartbeat.hpp"

#include <memory>

namespace pgstatsmon {

/// Adds both routes; 200 or 503, with a sentence.
/// `/-/healthy`: the SCHEDULER makes progress.
/// `/-/ready`: a source of discovery told its list, and a tick that began later is done.
/// @param sharing What CLUSTER knows; null without one.
void add_health(http_server& to, const std::shared_ptr<const heartbeat>& pulse,
                const std::shared_ptr<const cluster_cell>& sharing);

} // namespace pgstatsmon
