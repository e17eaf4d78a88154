// Cells by their types.
#include "actors/row_json.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace pgstatsmon {

namespace {

using json = nlohmann::ordered_json;

/// The types of PostgreSQL that are types of JSON too (pg_type.oid).
enum class type : Oid { boolean = 16, int8 = 20, int2 = 21, int4 = 23, float4 = 700, float8 = 701 };

json cell_json(const PGresult& rows, int row, int column) {
  if (PQgetisnull(&rows, row, column) != 0)
    return nullptr;
  std::string_view text{PQgetvalue(&rows, row, column),
                        static_cast<size_t>(PQgetlength(&rows, row, column))};
  switch (static_cast<type>(PQftype(&rows, column))) {
  case type::boolean: return text == "t";
  case type::int8:
  case type::int2:
  case type::int4:
  case type::float4:
  case type::float8:
    // JSON has no NaN and no infinity.
    if (auto number = json::parse(text, nullptr, false); number.is_number())
      return number;
  }
  return text;
}

std::string text_of(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace

std::string row_json(const PGresult& rows, int row) {
  auto result = json::object();
  for (int column = 0; column < PQnfields(&rows); ++column)
    result[PQfname(&rows, column)] = cell_json(rows, row, column);
  return text_of(result);
}

std::string values_json(const PGresult& rows, int row, const std::vector<int>& columns) {
  auto result = json::array();
  for (auto column : columns)
    result.push_back(cell_json(rows, row, column));
  return text_of(result);
}

} // namespace pgstatsmon
