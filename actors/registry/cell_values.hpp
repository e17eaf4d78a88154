// Numbers as PostgreSQL writes them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Reads a number. Infinity is one, and so is what is too large for a double; NaN is none.
/// @param text Followed by something that ends a number: NUL, a comma, a brace.
bool parse_number(std::string_view text, double& x) noexcept;

/// Reads an array of one dimension, `{1,2.5,NULL}`; NULL elements are left out.
/// @returns nothing if it is none, or has something that is no number.
std::optional<std::vector<double>> parse_numbers(std::string_view text);

} // namespace pgstatsmon
