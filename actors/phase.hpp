// Phases: where in a recurring interval something takes place; and the hash that decides. Pure.
#pragma once

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace pgstatsmon {

/// What a name's phase is made of: FNV-1a of the texts one after the other, so that phases are the
/// same after a restart and on every machine.
uint64_t phase_hash(std::initializer_list<std::string_view> names) noexcept;

/// Spreads every bit of `x` over the result: the finaliser of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
uint64_t mixed_bits(uint64_t x) noexcept;

/// The phase within an interval that a hash stands for; names are spread evenly over it.
/// @param every Positive.
/// @returns In [0, every).
caf::timespan phase_within(uint64_t hash, caf::timespan every) noexcept;

/// The first moment after `t` that is `phase` past a whole number of intervals of the clock.
/// @param every Positive.
caf::actor_clock::time_point next_at(caf::actor_clock::time_point t, caf::timespan every,
                                     caf::timespan phase) noexcept;

} // namespace pgstatsmon
