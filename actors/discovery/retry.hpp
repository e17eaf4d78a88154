// When a source that failed is asked again. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace pgstatsmon {

/// The time until the next attempt: one second after the first failure, doubling up to the poll
/// interval, shortened by up to a fifth, so that sources that failed together do not ask together.
/// @param failures In a row, at least 1.
/// @param random In [0, 1).
inline std::chrono::milliseconds retry_delay(uint32_t failures, std::chrono::milliseconds interval,
                                             double random) {
  constexpr std::chrono::milliseconds first{1250}; // a fifth less is one second
  auto doublings = std::min(failures, 20U) - 1;
  auto longest = std::min(first * (int64_t{1} << doublings), interval);
  return std::chrono::milliseconds{
    static_cast<int64_t>(static_cast<double>(longest.count()) * (1 - 0.2 * random))};
}

} // namespace pgstatsmon
