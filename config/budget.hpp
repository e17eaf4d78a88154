// `budget`: what watching a backend may cost, for all, of a source or of one backend. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Reads a `budget`.
void read_budget(const value& self, collect_settings& x);

} // namespace pgstatsmon
