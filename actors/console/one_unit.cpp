// The unit that suits the shortest and the longest time of a column.
#include "actors/console/one_unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace pgstatsmon {

namespace {

constexpr double millisecond = 1e-3;
// From here on span() shows a minute or more, without decimals.
constexpr double too_long = 119.95;

void use_one_unit(table& x, size_t column) {
  auto shortest = std::numeric_limits<double>::infinity(); // but 0
  double longest = 0;
  for (const auto& row : x.rows)
    if (const auto& time = row[column].json; time.is_number()) {
      auto seconds = time.get<double>();
      longest = std::max(longest, seconds);
      if (seconds > 0)
        shortest = std::min(shortest, seconds);
    }
  if (longest < millisecond || longest >= too_long)
    return;
  auto in_seconds = shortest >= millisecond && longest >= 1;
  auto unit = in_seconds ? 1 : millisecond;
  auto decimals = shortest < unit ? 3 : 1;
  for (auto& row : x.rows)
    if (const auto& time = row[column].json; time.is_number())
      row[column].text =
        fmt::format("{:.{}f} {}", time.get<double>() / unit, decimals, in_seconds ? "s" : "ms");
}

} // namespace

void use_one_unit(table& x) {
  for (size_t i = 0; i < x.columns.size(); ++i)
    if (x.columns[i].times)
      use_one_unit(x, i);
}

} // namespace pgstatsmon
