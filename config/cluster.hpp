// `cluster`: several daemons share a fleet. Pure but for the host's name.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Reads a `cluster`; `target` and `interval` must have been read.
void read_cluster(const value& self, settings& x);

} // namespace pgstatsmon
