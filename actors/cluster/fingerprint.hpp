// What daemons that share a fleet should be configured alike in. Pure.
#pragma once

#include "config/catalogue.hpp"
#include "config/settings.hpp"

#include <string>

namespace pgstatsmon {

/// The same for configurations that lead to the same series of the same backends: queries, labels,
/// sources, intervals. Says nothing of what it is made from.
std::string fingerprint_of(const settings& options, const catalogue& queries);

} // namespace pgstatsmon
