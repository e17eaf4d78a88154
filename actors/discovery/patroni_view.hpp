// Which members of Patroni's clusters become backends. Pure.
#pragma once

#include "actors/discovery/found.hpp"
#include "actors/discovery/patroni_cluster.hpp"

#include <string>
#include <vector>

namespace pgstatsmon {

/// Whether a scope is wanted: one of the patterns matches it, or there is none.
bool is_wanted(const std::string& scope, const std::vector<std::string>& patterns);

/// Members as backends with the labels `cluster` and `member`, called SCOPE-MEMBER. Those that are
/// stopped, or being created, are no backends yet.
found_list backends_of(const std::vector<patroni_cluster>& xs);

} // namespace pgstatsmon
