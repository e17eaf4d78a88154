// Rows as JSON, for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// A row as a JSON object with the columns in their order. Numbers, booleans and NULL are such,
/// everything else (also NaN and numeric) is the server's text; what is no UTF-8 in it is replaced.
std::string row_json(const PGresult& rows, int row);

/// The values of these columns as a JSON array, as row_json() has them.
std::string values_json(const PGresult& rows, int row, const std::vector<int>& columns);

} // namespace pgstatsmon
