// What the flight of a poll or of a visit has brought so far, and what follows from it. Pure.
#pragma once

#include "actors/backend/agenda.hpp"
#include "actors/backend/flight.hpp"
#include "actors/registry/backend_history.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pgstatsmon {

/// How much a flight may ask of a server's time and of us.
struct flight_limits {
  std::chrono::milliseconds query_timeout{0}; ///< Of queries without a limit of their own.
  caf::timespan interval{0};                  ///< It lasts no longer, unless its longest query may.
  uint32_t max_rows = 0;                      ///< Of one query.
};

/// A statement's result that has come.
struct taken_result {
  using time_point = caf::actor_clock::time_point;

  step what;
  statement_result result; ///< A query with too many rows has an error, and rows no more.
  bool lost_needs = false; ///< The error is no failure: what the query needs is there no more.
  time_point start;        ///< The result before was complete.
  time_point first;        ///< Its first bytes were there.
  time_point end;          ///< It was complete.

  /// How long the server took. Of a query that stands between two clocks it comes with the second,
  /// which then has its rows too. Nothing when it is not known: a clock did not answer, or was set.
  std::optional<caf::timespan> took{};
};

/// Knows which results have come, and which are still to come in their order. Queries that were
/// skipped because of another's error are sent again in a second flight, each within a Sync of its
/// own: so a poll has two flights at most, however many of its queries fail.
class poll_progress {
public:
  using time_point = caf::actor_clock::time_point;

  /// A query that has failed.
  struct failed_query {
    size_t query = 0; ///< Index into catalogue::queries().
    session_error error;
  };

  /// It is sent now, and has one statement at least.
  poll_progress(flight sent, const flight_limits& limits, time_point now);

  [[nodiscard]] const std::vector<statement>& statements() const { return sent_.statements; }

  /// Bytes have come.
  void heard(time_point now);

  /// The next result is complete. The agenda learns that its query was asked, or which facts were
  /// found, and the session's memory what is prepared, whose the session is and what may share a
  /// Sync.
  taken_result take(statement_result came, agenda& asked, session_memory& memory, time_point now);

  /// The session ended in the midst of it. A query whose result crossed a bound is left out of the
  /// agenda for a while.
  /// @returns that query; null: none did.
  const step* broke_off(const session_error& why, agenda& asked, time_point now);

  /// The query whose result comes next; null: another statement's does, or none.
  [[nodiscard]] const step* running() const;

  [[nodiscard]] bool complete() const { return next_ == sent_.steps.size(); }

  /// The queries that were skipped, once the first flight is over; nothing: there are none.
  [[nodiscard]] std::optional<plan> skipped() const;

  /// The second flight is sent now, with these.
  void go_on(flight again, time_point now);

  /// When the server will have been silent for too long, or have taken too long for all of it,
  /// unless more has come by then. Silence is measured by the query under way: a silent server is
  /// not waited for because another query may take long.
  [[nodiscard]] time_point deadline() const;

  [[nodiscard]] time_point began() const { return began_; }

  /// A statement's result has come.
  [[nodiscard]] bool answered() const { return next_ > 0; }

  /// Queries that succeeded.
  [[nodiscard]] size_t good() const { return good_; }

  /// Rows that these have brought.
  [[nodiscard]] uint64_t rows() const { return rows_; }

  /// Of its queries' failures: a timeout before others, else the last.
  [[nodiscard]] failure worst() const { return worst_; }

  [[nodiscard]] const std::optional<failed_query>& first_failed() const { return first_failed_; }

  /// What time it was on the server as its first query began, Unix time, s; nothing when it has not
  /// said so.
  [[nodiscard]] const std::optional<double>& server_clock() const { return first_clock_; }

  /// Until the first answer; 0: none came.
  [[nodiscard]] caf::timespan round_trip() const { return round_trip_; }

  /// All of it, for a person. The results that have not come stand last, in their order.
  /// @param when Unix time of its beginning, s.
  [[nodiscard]] poll_trace trace(double when, failure reason, time_point now) const;

private:
  void blame(statement_result& came);
  void take_query(taken_result& taken, agenda& asked, session_memory& memory);
  void take_clock(taken_result& taken, session_memory& memory);
  void take_cluster(const taken_result& taken, session_memory& memory) const;
  [[nodiscard]] std::chrono::milliseconds silence_allowed() const;
  [[nodiscard]] query_trace trace_of(const taken_result& taken) const;

  flight sent_;
  flight_limits limits_;
  size_t next_ = 0; ///< Of the steps: whose result comes next.
  time_point began_;
  time_point last_result_;
  time_point last_byte_;
  std::optional<time_point> first_byte_; ///< Of the result that comes next.
  caf::timespan round_trip_{0};
  size_t good_ = 0;
  uint64_t rows_ = 0;
  failure worst_ = failure::none;
  std::optional<failed_query> first_failed_;
  std::vector<query_trace> traces_;
  std::vector<step> skipped_;
  bool again_ = false;                       ///< It is the second flight.
  std::optional<session_error> sync_error_;  ///< Of a statement within the Sync under way.
  std::optional<double> first_clock_;        ///< The server's, s.
  std::optional<double> clock_;              ///< The server's, as the query under way began, s.
  std::shared_ptr<const pg_result> untimed_; ///< Rows of the query whose clock comes next.
};

} // namespace pgstatsmon
