// What is remembered of one backend for the console: its states, its last poll, its last errors.
#pragma once

#include "messages/backend.hpp"
#include "messages/error.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// One query of a poll. Times of arrival count from the poll's beginning.
struct query_trace {
  size_t query = 0;       ///< Index into catalogue::queries().
  size_t variant = 0;     ///< Index into query_definition::variants.
  bool done = false;      ///< False when the poll ended without its result.
  caf::timespan start{0}; ///< The result before it was complete.
  caf::timespan first{0}; ///< First bytes of its result.
  caf::timespan end{0};   ///< Its result was complete.
  uint64_t rows = 0;
  uint64_t bytes = 0; ///< Of the result, as libpq holds it.
  failure reason = failure::none;
  std::string sqlstate; ///< Of an error.

  /// How long the server took, by its own clock; nothing when that is not known.
  std::optional<caf::timespan> took{};
};

/// A poll that is over.
struct poll_trace {
  double when = 0; ///< Unix time of its beginning, s.
  failure reason = failure::none;
  caf::timespan duration{0};   ///< From the first byte sent to the last result, or to giving up.
  caf::timespan round_trip{0}; ///< Until the first answer; 0: none came.
  std::vector<query_trace> queries; ///< In the order in which they were sent.
};

using trace_ptr = std::shared_ptr<const poll_trace>;

/// What becomes of one query of the catalogue.
struct planned_query {
  std::optional<size_t> variant; ///< Index into query_definition::variants.
  std::string why;               ///< It is left out; empty: it is not.
  std::string elsewhere{};       ///< Why it is not asked in the server's other databases.
  uint32_t stretch = 1;          ///< It is asked less often by so many times, for the budget.

  friend bool operator==(const planned_query&, const planned_query&) = default;
};

/// All queries, in the catalogue's order.
using plan_trace = std::vector<planned_query>;

/// Something that went wrong.
struct backend_error {
  double when = 0; ///< Unix time, s.
  failure reason = failure::other;
  std::string sqlstate; ///< Empty when the server said nothing.
  std::string what;     ///< A query's name, `connection` or `setup`.
  std::string message;
};

using error_list = std::vector<backend_error>;

/// Written by the backend's CONNECTION, read by any thread.
class backend_history {
public:
  using time_point = caf::actor_clock::time_point;

  /// Errors that are kept.
  static constexpr size_t max_errors = 10;

  // -- for the CONNECTION -------------------------------------------------------------------------

  /// The state machine enters a state, or stays in it.
  void enter(backend_state x, time_point now) noexcept;

  void set_last_poll(trace_ptr x) { last_poll_.store(std::move(x), std::memory_order_release); }
  void set_plan(std::shared_ptr<const plan_trace> x) {
    plan_.store(std::move(x), std::memory_order_release);
  }
  void add_error(backend_error x);

  // -- for observers ------------------------------------------------------------------------------

  /// When the state that it is in began; zero before the first.
  [[nodiscard]] time_point since() const noexcept;

  /// Time spent in a state, the one that it is in until now.
  [[nodiscard]] caf::timespan spent(backend_state x, time_point now) const noexcept;

  /// The newest poll that is over; null before the first.
  [[nodiscard]] trace_ptr last_poll() const { return last_poll_.load(std::memory_order_acquire); }

  /// The plan in force; null before the first poll.
  [[nodiscard]] std::shared_ptr<const plan_trace> plan() const {
    return plan_.load(std::memory_order_acquire);
  }

  /// The newest errors, newest first; never null.
  [[nodiscard]] std::shared_ptr<const error_list> errors() const;

private:
  std::atomic<backend_state> state_{backend_state::connecting};
  std::atomic<int64_t> since_{0};
  std::array<std::atomic<int64_t>, all_backend_states.size()> spent_{};
  std::atomic<trace_ptr> last_poll_;
  std::atomic<std::shared_ptr<const plan_trace>> plan_;
  std::atomic<std::shared_ptr<const error_list>> errors_;
};

} // namespace pgstatsmon
