// Two hashes.
#include "actors/cluster/slots.hpp"

#include "actors/phase.hpp"

#include <cmath>

namespace pgstatsmon {

namespace {

/// A number in (0, 1).
double fraction(uint64_t hash) noexcept {
  constexpr double steps = 9007199254740992.0; // 2^53
  return (static_cast<double>(hash >> 11U) + 0.5) / steps;
}

} // namespace

slot_number slot_of(std::string_view id) noexcept {
  return static_cast<slot_number>(mixed_bits(phase_hash({id})) % slot_count);
}

std::vector<double> affinities(std::string_view member, double weight) {
  constexpr uint64_t apart = 0x9E3779B97F4A7C15ULL;
  auto hash = phase_hash({member});
  std::vector<double> result(slot_count);
  // The largest of weight / -ln(u) with uniform u falls to each in proportion to its weight.
  for (size_t i = 0; i < slot_count; ++i)
    result[i] = weight / -std::log(fraction(mixed_bits(hash ^ (apart * (i + 1)))));
  return result;
}

} // namespace pgstatsmon
