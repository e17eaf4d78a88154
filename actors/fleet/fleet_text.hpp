// The families of samples about clusters and their members: the operator's list.
#pragma once

#include "actors/fleet/fleet_view.hpp"
#include "actors/registry/snapshot.hpp"

#include <string>

namespace pgstatsmon {

/// What is of whole clusters, in the text format: their names, how many servers they have, how many
/// of these take writes. Static labels that all backends of a cluster share are on its series, but
/// for those called like ours.
/// @param unix_now Unix time, s.
std::string clusters_text(const fleet_view& all, double unix_now);

/// What is of these backends: clock, role, lag, whether WAL reaches them. A server that several of
/// all backends watch is shown once, as its first. A backend's static labels are on its series, but
/// for those called like ours.
std::string members_text(const fleet_view& all, const entry_list& backends);

} // namespace pgstatsmon
