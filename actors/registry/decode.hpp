// Decode: the text rows of a query's result become a section of a block.
#pragma once

#include "actors/registry/block.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// Where a query's declared columns are in its result. Made once per shape of the result.
struct column_map {
  std::vector<std::string> columns; ///< What the result's columns are called, in order.
  std::vector<int> labels;  ///< Column numbers of query_definition::labels; -1: not in the result.
  std::vector<int> metrics; ///< Column numbers of query_definition::metrics; -1: not in the result.
  std::vector<std::string> missing; ///< Declared columns that the result should have and has not.
  std::vector<std::string> unknown; ///< Columns of the result that should be declared and are not.
};

/// Finds the declared columns in a result. A label that is missing is shown as empty. What a
/// pgbouncer shows differs from version to version: a column that some lack may be missing, and one
/// that is not declared is none too many.
column_map map_columns(const query_definition& query, const PGresult& rows);

/// True if the map was made for a result with the columns of this one.
bool fits(const column_map& columns, const PGresult& rows);

/// What decode() noticed besides the samples.
struct decode_report {
  std::vector<uint32_t> not_a_number; ///< Per metric: values that are no number (`pg_NaN_error`).
  uint32_t duplicates = 0; ///< Rows with a value left out because another has the same labels.
};

/// Decodes a result. NULL makes no sample; NaN and text that is no number make none and are
/// counted; infinity is a number, and so is what is too large for a double. A label that is NULL
/// is shown as empty. Rows with the same labels become one, by the duplicate_rule of each metric;
/// what makes no sample takes no part in that.
/// @param fixed Rendered label text in front of the query's own on every row; may be empty.
/// @param rows PGRES_TUPLES_OK in text format.
section decode(const query_definition& query, std::string_view fixed, const column_map& columns,
               const PGresult& rows, decode_report& report);

} // namespace pgstatsmon
