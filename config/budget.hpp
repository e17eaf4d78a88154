// `budget`: what watching a backend may cost, for all, of a source or of one backend. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Reads a `budget`.
void read_budget(const value& self, std::optional<double>& server_share);

} // namespace pgstatsmon
