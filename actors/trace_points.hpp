// The static tracepoints (USDT, provider `pgstatsmon`), for bpftrace, gdb, perf and SystemTap.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// Every probe has a semaphore, which whoever watches it raises.
#define _SDT_HAS_SEMAPHORES 1 // NOLINT(bugprone-reserved-identifier)
#include <sys/sdt.h>

struct pg_result; // libpq's PGresult

/// A probe that nobody watches costs a nop. One whose arguments must be made first costs a branch
/// on its semaphore instead. Texts end with a NUL; `backend` is backend::name, `query` is
/// query_definition::name.
namespace pgstatsmon::trace {

// -- semaphores, by the names that sys/sdt.h expects ----------------------------------------------

// NOLINTBEGIN(bugprone-reserved-identifier)
#define PGSTATSMON_FOR_EACH_PROBE(f)                                                               \
  f(tick__start) f(tick__done) f(backend__start) f(backend__done) f(connect__error)                \
    f(backend__query__start) f(backend__query__done) f(query__start) f(query__row) f(query__error) \
      f(query__timeout) f(query__done) f(bad__value) f(replication)
#define PGSTATSMON_SEMAPHORE(probe) extern volatile uint16_t pgstatsmon_##probe##_semaphore;
extern "C" {
PGSTATSMON_FOR_EACH_PROBE(PGSTATSMON_SEMAPHORE)
}
#undef PGSTATSMON_SEMAPHORE
// NOLINTEND(bugprone-reserved-identifier)

// -- ticks: tick-start(), tick-done() -------------------------------------------------------------

/// All backends are due.
inline void tick_start() {
  STAP_PROBE(pgstatsmon, tick__start);
}

/// The last of them has been polled, or the next tick begins.
inline void tick_done() {
  STAP_PROBE(pgstatsmon, tick__done);
}

// -- polls: backend-start(backend), backend-done(backend), connect-error(backend) -----------------

inline void backend_start(const std::string& backend) {
  STAP_PROBE1(pgstatsmon, backend__start, backend.c_str());
}

/// The poll is over, well or not.
inline void backend_done(const std::string& backend) {
  STAP_PROBE1(pgstatsmon, backend__done, backend.c_str());
}

/// A poll found no connection (`pg_connect_error`). It has no start and no end.
inline void connect_error(const std::string& backend) {
  STAP_PROBE1(pgstatsmon, connect__error, backend.c_str());
}

// -- queries of a poll ----------------------------------------------------------------------------

/// A query that one backend is asked.
struct query {
  const std::string& sql;
  const std::string& name;
  const std::string& backend;
};

/// backend-query-start(backend, query), query-start(sql, backend). All queries of a poll travel
/// together, so a query starts when the result before it is complete. Each start is followed by one
/// of the ends below; one that the server has skipped starts again.
inline void query_start(const query& x) {
  STAP_PROBE2(pgstatsmon, backend__query__start, x.backend.c_str(), x.name.c_str());
  STAP_PROBE2(pgstatsmon, query__start, x.sql.c_str(), x.backend.c_str());
}

/// backend-query-done(backend, query, ns): the end of every query, and of one that was skipped.
/// @param took 0: it did not succeed.
inline void query_end(const query& x, std::chrono::nanoseconds took = {}) {
  STAP_PROBE3(pgstatsmon, backend__query__done, x.backend.c_str(), x.name.c_str(), took.count());
}

/// query-timeout(sql, backend), query-error(sql, message, backend).
inline void query_failed(const query& x, bool timeout, const std::string& message) {
  if (timeout)
    STAP_PROBE2(pgstatsmon, query__timeout, x.sql.c_str(), x.backend.c_str());
  else
    STAP_PROBE3(pgstatsmon, query__error, x.sql.c_str(), message.c_str(), x.backend.c_str());
  query_end(x);
}

void fire_rows(const query& x, const pg_result& rows);
void fire_done(const query& x, const pg_result* rows, std::chrono::nanoseconds took);

/// query-row(sql, row as JSON, backend) for each row, query-done(sql, result as JSON, backend).
/// @param rows Null: it returns no rows.
inline void query_done(const query& x, const pg_result* rows, std::chrono::nanoseconds took) {
  if (pgstatsmon_query__row_semaphore != 0 && rows != nullptr) [[unlikely]]
    fire_rows(x, *rows);
  if (pgstatsmon_query__done_semaphore != 0) [[unlikely]]
    fire_done(x, rows, took);
  query_end(x, took);
}

/// `{"rows":2,"time_ms":0.4}`
std::string result_json(const pg_result* rows, std::chrono::nanoseconds took);

// -- values ---------------------------------------------------------------------------------------

/// bad-value(backend, query, count): values of one column that are no number (`pg_NaN_error`).
inline void bad_value(const std::string& backend, const std::string& query, uint64_t count) {
  STAP_PROBE3(pgstatsmon, bad__value, backend.c_str(), query.c_str(), count);
}

/// Positions in the WAL, in bytes; -1: not known.
struct wal_positions {
  int64_t sent = -1;
  int64_t written = -1;
  int64_t flushed = -1;
  int64_t replayed = -1;
};

/// True if it is worth calling replication().
inline bool replication_is_watched() {
  return pgstatsmon_replication_semaphore != 0;
}

/// replication(backend, labels, sent, written, flushed, replayed): one standby of a backend.
/// @param labels As on the page: `sync_state="async",application_name="b",client_addr="::1"`.
inline void replication(const std::string& backend, const std::string& labels,
                        const wal_positions& x) {
  STAP_PROBE6(pgstatsmon, replication, backend.c_str(), labels.c_str(), x.sent, x.written,
              x.flushed, x.replayed);
}

} // namespace pgstatsmon::trace
