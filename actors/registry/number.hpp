// Numbers as the text format spells them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pgstatsmon {

/// The most that write_number() writes.
inline constexpr size_t max_number_size = 32;

/// Writes a number: integers up to 2^53 in digits, others in the shortest form that reads back as
/// the same double, `NaN`, `+Inf`, `-Inf`.
/// @param to Room for max_number_size bytes.
/// @returns one past the last byte written.
char* write_number(char* to, double x) noexcept;

/// Writes a count in digits.
char* write_number(char* to, uint64_t x) noexcept;

} // namespace pgstatsmon
