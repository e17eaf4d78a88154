// `activity`: how closely what sessions do is watched, for all, of a source or of one backend.
// Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Reads an `activity`.
void read_activity(const value& self, collect_settings& x);

} // namespace pgstatsmon
