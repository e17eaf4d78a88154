// The tracepoints' semaphores, and what is made for those who watch.
#include "actors/trace_points.hpp"

#include "actors/row_json.hpp"

#include <nlohmann/json.hpp>

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

std::string result_json(const pg_result* rows, std::chrono::nanoseconds took) {
  auto milliseconds = std::chrono::duration<double, std::milli>{took}.count();
  nlohmann::ordered_json result{{"rows", rows == nullptr ? 0 : PQntuples(rows)},
                                {"time_ms", milliseconds}};
  return result.dump();
}

} // namespace pgstatsmon::trace
