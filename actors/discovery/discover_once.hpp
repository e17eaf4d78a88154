// `pgstatsmon --discover`: asks every source once and shows what came of it.
#pragma once

#include "config/catalogue.hpp"
#include "config/settings.hpp"

#include <iosfwd>

namespace pgstatsmon {

/// Asks all sources at once, each at most as long as its own limits allow, and prints what they
/// found, what was rejected and why, and which gave no list: as tables, or as one JSON object with
/// `backends`, `rejected` and `failed`. Believes every list, reads and writes no state, touches no
/// PostgreSQL. Blocks.
/// @returns an exit code: 0, or 1 when a source gave no list.
int run_discover(const settings& x, const catalogue& queries, bool json, std::ostream& to);

} // namespace pgstatsmon
