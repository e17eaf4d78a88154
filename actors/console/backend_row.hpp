// A backend as a row of a table, which `backends` and `top` share.
#pragma once

#include "actors/console/report.hpp"
#include "actors/console/sources.hpp"

#include <vector>

namespace pgstatsmon {

/// Without rows; the first column is the backend's name.
table backends_table();

/// What stands in its columns.
std::vector<cell> backend_row(const entry& x, const look_time& now);

} // namespace pgstatsmon
