// The tracepoints' semaphores, and what is made for those who watch.
#include "actors/trace_points.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

#include <libpq-fe.h>

namespace pgstatsmon::trace {

// Not in .bss: tools find a semaphore by its place in the file.
// NOLINTBEGIN(bugprone-reserved-identifier)
#define SEMAPHORE(probe)                                                                           \
  [[gnu::section(".probes")]] volatile uint16_t pgstatsmon_##probe##_semaphore = 0;
extern "C" {
PGSTATSMON_FOR_EACH_PROBE(SEMAPHORE)
}
#undef SEMAPHORE
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using json = nlohmann::ordered_json;

/// The types of PostgreSQL that are types of JSON too (pg_type.oid).
enum class type : Oid { boolean = 16, int8 = 20, int2 = 21, int4 = 23, float4 = 700, float8 = 701 };

json cell_json(const pg_result& rows, int row, int column) {
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

} // namespace

void fire_rows(const query& x, const pg_result& rows) {
  for (int row = 0; row < PQntuples(&rows); ++row) {
    auto text = row_json(rows, row);
    STAP_PROBE3(pgstatsmon, query__row, x.sql.c_str(), text.c_str(), x.backend.c_str());
  }
}

void fire_done(const query& x, const pg_result* rows, std::chrono::nanoseconds took) {
  auto text = result_json(rows, took);
  STAP_PROBE3(pgstatsmon, query__done, x.sql.c_str(), text.c_str(), x.backend.c_str());
}

std::string row_json(const pg_result& rows, int row) {
  auto result = json::object();
  for (int column = 0; column < PQnfields(&rows); ++column)
    result[PQfname(&rows, column)] = cell_json(rows, row, column);
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string result_json(const pg_result* rows, std::chrono::nanoseconds took) {
  auto milliseconds = std::chrono::duration<double, std::milli>{took}.count();
  json result{{"rows", rows == nullptr ? 0 : PQntuples(rows)}, {"time_ms", milliseconds}};
  return result.dump();
}

} // namespace pgstatsmon::trace
