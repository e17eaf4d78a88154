// `interval`: how often backends are polled. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace pgstatsmon {

/// Reads an `interval`: a time, `auto`, or an object with `min` and `max`.
/// @param min How often a backend is polled at most.
/// @param max How often at least; the same unless each has an interval of its own.
void read_interval(const value& self, milliseconds& min, milliseconds& max);

} // namespace pgstatsmon
