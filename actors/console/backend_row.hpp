// A backend as a row of a table, which `backends` and `top` share.
#pragma once

#include "actors/console/report.hpp"
#include "actors/console/sources.hpp"

#include <vector>

namespace pgstatsmon {

/// Without rows; the first column is the backend's name.
table backends_table();

/// Those of `top`, which has the ones of `backends`, too.
std::vector<column> listed_columns();

/// Text of an address that can be told from a port.
cell address_cell(const backend& x);

/// Static labels.
cell labels_cell(const backend& x);

/// What stands in its columns.
std::vector<cell> backend_row(const entry& x, const look_time& now);

} // namespace pgstatsmon
