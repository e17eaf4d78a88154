// A pivot: rows of names and values become one row with a column for each name.
#pragma once

#include "config/catalogue.hpp"

#include <memory>

#include <libpq-fe.h>

namespace pgstatsmon {

/// Reads `rows` as one row. Of names that come again the first counts, where columns are looked
/// for. Without the two columns, or without memory, the result has no columns. Never null but
/// without memory.
std::shared_ptr<const PGresult> pivoted(const pivot_columns& columns, const PGresult& rows);

} // namespace pgstatsmon
