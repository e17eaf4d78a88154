// Slots, the parts of a fleet that daemons share out among themselves, and what speaks for giving a
// slot to whom. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Parts of a fleet, whatever its size: so what an engine keeps and says does not grow with it.
/// Another number, or another slot_of(), is another layout_version.
inline constexpr size_t slot_count = 1024;

/// What daemons that share a fleet must agree upon: slots and their hash, and what is written
/// where.
inline constexpr uint32_t layout_version = 1;

/// In [0, slot_count).
using slot_number = uint16_t;

/// The slot of a backend; the same in every daemon.
/// @param id As in backend::id.
slot_number slot_of(std::string_view id) noexcept;

/// What speaks for each slot being a member's, by weighted rendezvous hashing: the member with the
/// largest value should have it. A member that comes or goes changes nobody else's values, and of n
/// members each is the best for a share of slots in proportion to its weight.
/// @param member Its id.
/// @param weight Positive.
/// @returns One positive value for each slot.
std::vector<double> affinities(std::string_view member, double weight);

} // namespace pgstatsmon
