// What of a report has room on a terminal.
#pragma once

#include "actors/console/report.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Narrower terminals get what one of this width gets.
constexpr size_t least_screen_width = 40;

/// The same for people, in lines of at most `width` columns: of a table that is too wide long names
/// are shortened, then columns left out (`column::drop`), then the last one goes on below itself.
/// Values of facts go on below themselves. Nothing is left out of JSON, nor of what is not fitted.
report fitted(report x, size_t width);

/// A text in lines of at most `width` columns, broken at blanks where there are any.
std::vector<std::string> wrapped(std::string_view x, size_t width);

} // namespace pgstatsmon
