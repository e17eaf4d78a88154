// Health for load balancers and Kubernetes: `/-/healthy` and `/-/ready`.
#pragma once

#include "actors/exposition/http_server.hpp"
#include "actors/registry/heartbeat.hpp"

#include <memory>

namespace pgstatsmon {

/// Adds both routes; 200 or 503, with a sentence.
/// `/-/healthy`: the SCHEDULER makes progress.
/// `/-/ready`: a source of discovery told its list, and a tick that began later is done.
void add_health(http_server& to, const std::shared_ptr<const heartbeat>& pulse);

} // namespace pgstatsmon
