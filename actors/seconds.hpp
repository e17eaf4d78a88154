// Spans of time as the numbers that metrics and JSON have.
#pragma once

#include <caf/timespan.hpp>

#include <chrono>

namespace pgstatsmon {

/// A span, which is also what the steady clock counts in, in seconds.
constexpr double seconds_of(caf::timespan x) noexcept {
  return std::chrono::duration<double>{x}.count();
}

} // namespace pgstatsmon
