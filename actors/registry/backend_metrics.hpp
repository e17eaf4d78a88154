// What we count about one backend ourselves: written by its actors, read by the page.
#pragma once

#include "actors/registry/backend_history.hpp"
#include "actors/registry/block.hpp"
#include "actors/registry/database_report.hpp"
#include "actors/registry/fleet_metrics.hpp"
#include "actors/registry/histogram.hpp"
#include "actors/registry/lazy.hpp"
#include "actors/registry/looks.hpp"
#include "actors/registry/server_report.hpp"
#include "actors/registry/vital_history.hpp"
#include "config/catalogue.hpp"
#include "config/log.hpp"
#include "messages/backend.hpp"
#include "messages/error.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

namespace pgstatsmon {

/// Upper bounds of `<query>_querytime_ms`, in ms.
inline constexpr std::array<double, 12> query_time_bounds{0.5, 1,   2.5, 5,   10,   25,
                                                          50,  100, 250, 500, 1000, 5000};

/// Upper bounds of `pgstatsmon_poll_duration_seconds`, in seconds.
inline constexpr std::array<double, 12> poll_duration_bounds{
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

using query_times = histogram<query_time_bounds.size()>;

/// Whether a query has a histogram on each backend.
inline bool has_own_times(const query_definition& query, own_metrics wanted) {
  return wanted == own_metrics::full
         || (wanted == own_metrics::contract && query.set == "original");
}

/// Counts of one query of one backend, in all of its databases. What most queries never need is
/// not there before they do.
struct query_metrics {
  explicit query_metrics(size_t metrics) : metrics_{metrics} {}

  /// It has failed once more.
  void count_failure(failure x) noexcept {
    (x == failure::timeout ? timeouts : errors).fetch_add(1, std::memory_order_relaxed);
  }

  /// Values of one of its metrics were no number. CONNECTION and VISITOR.
  void count_bad(size_t metric, uint64_t n) {
    nan_.make(metrics_)[metric].fetch_add(n, std::memory_order_relaxed);
  }

  /// `pg_NaN_error` of one of its metrics.
  [[nodiscard]] uint64_t bad(size_t metric) const noexcept {
    const auto* all = nan_.get();
    return all == nullptr ? 0 : (*all)[metric].load(std::memory_order_relaxed);
  }

  /// The same of all of its metrics.
  [[nodiscard]] uint64_t all_bad() const noexcept {
    uint64_t result = 0;
    for (size_t i = 0; i < metrics_; ++i)
      result += bad(i);
    return result;
  }

  std::atomic<uint64_t> errors{0};     ///< `pg_query_error`
  std::atomic<uint64_t> timeouts{0};   ///< `pg_query_timeout`
  std::atomic<bool> planned{false};    ///< It applies.
  std::atomic<double> last_success{0}; ///< Unix time of its last result, s; 0: never.
  std::atomic<uint64_t> duplicates{0}; ///< `pgstatsmon_duplicate_rows_total`
  std::atomic<section_ptr> texts{};    ///< What people read of its rows; null: not asked yet.
  std::atomic<uint64_t> answers{0};    ///< `pgstatsmon_query_answers_total`
  std::atomic<double> ms{0};           ///< Time of all answers.
  lazy<query_times> times;             ///< `<query>_querytime_ms`, if has_own_times().

private:
  size_t metrics_;
  lazy<std::vector<std::atomic<uint64_t>>> nan_;
};

/// What people read is asked of a server when somebody wants to, and not for each of them.
class texts_order {
public:
  /// @param apart Seconds between two times that a server is asked, at least.
  explicit texts_order(double apart = 60) : apart_{apart} {}

  /// Somebody wants to read them. Any thread.
  /// @param now Unix time, s.
  void want(double now) noexcept { wanted_.store(now, std::memory_order_relaxed); }

  /// Whether the poll asks that begins now, which is remembered. CONNECTION.
  bool take(double now) noexcept {
    if (wanted_.load(std::memory_order_relaxed) <= asked_ || now - asked_ < apart_)
      return false;
    asked_ = now;
    return true;
  }

  /// True once nobody wanted them for so long that they need not be kept. CONNECTION.
  bool forget(double now) noexcept {
    auto wanted = wanted_.load(std::memory_order_relaxed);
    return wanted > 0 && now - wanted >= kept && wanted_.compare_exchange_strong(wanted, 0);
  }

private:
  static constexpr double kept = 600; // s

  std::atomic<double> wanted_{0};
  double apart_;
  double asked_ = 0;
};

/// Counts of one backend. Exists from the moment the backend is discovered, survives a restart of
/// its actors, ends with the backend. Every member is a relaxed atomic: one writer (the actor
/// named), any number of readers, no lock.
class backend_metrics {
public:
  /// @param queries The catalogue in force; per-query counts are in its order.
  /// @param fleet What all backends have together; may be null, else it must outlive this.
  explicit backend_metrics(catalogue_ptr queries, fleet_metrics* fleet = nullptr);

  [[nodiscard]] const catalogue_ptr& queries() const noexcept { return queries_; }

  /// Counts of catalogue()->queries()[i].
  [[nodiscard]] query_metrics& query(size_t i) noexcept { return per_query_[i]; }
  [[nodiscard]] const query_metrics& query(size_t i) const noexcept { return per_query_[i]; }

  /// Query `i` was answered after so many milliseconds. CONNECTION.
  void answered(size_t i, double ms);

  /// Sets what becomes of each query. CONNECTION.
  void set_plan(std::shared_ptr<const plan_trace> x);

  /// Sets `up`, and when it became that.
  /// @param now Unix time, s. CONNECTION.
  void set_up(bool x, double now) noexcept;

  /// Adds one to `pgstatsmon_backend_failures_total` of a class; `none` adds nothing.
  void count_failure(failure x) noexcept;

  /// `pgstatsmon_backend_failures_total` of a class other than `none`.
  [[nodiscard]] uint64_t failures(failure x) const noexcept;

  /// Which server it was at its newest poll; null: it has not said. Any thread.
  [[nodiscard]] identity_ptr server() const;

  // -- written by CONNECTION ----------------------------------------------------------------------

  std::atomic<uint64_t> series{0}; ///< Of the newest block.
  std::atomic<bool> up{false};     ///< `pg_up`: connected, last poll answered.
  std::atomic<double> since{0}; ///< Unix time since which `up` is what it is, s; 0: not tried yet.
  std::atomic<backend_state> state{backend_state::connecting};
  std::atomic<setup_state> setup{setup_state::unknown};
  std::atomic<server_role> role{server_role::unknown};
  std::atomic<int32_t> server_version{0};   ///< As 150018; 0 before the first connect.
  std::atomic<double> last_success{0};      ///< Unix time of the last good poll, s; 0: never.
  std::atomic<double> round_trip{0};        ///< Of the last poll, s; 0: not known yet.
  std::atomic<double> certificate_end{0};   ///< Of the server's certificate, Unix time, s; 0: none.
  std::atomic<uint64_t> planned{0};         ///< `pg_query_count`: queries of the plan.
  std::atomic<double> budget_used{0};       ///< Of five minutes' share of the server; 1: all of it.
  std::atomic<double> own_budget_used{0};   ///< The same of ours.
  std::atomic<uint64_t> stretched{0};       ///< Queries that are asked less often for them.
  std::atomic<uint64_t> setting_changes{0}; ///< Settings of the server found to have changed.
  std::atomic<uint64_t> connect_errors{0};  ///< `pg_connect_error`: polls that found no connection.
  std::atomic<uint64_t> connects{0};        ///< Connections established.
  std::atomic<failure> last_failure{failure::none}; ///< Class of the newest failure.
  histogram<poll_duration_bounds.size()> poll_seconds{poll_duration_bounds};
  backend_history history;
  std::atomic<report_ptr> report{}; ///< The server's place in its cluster; null: it has not said.

  /// How far the server's clock is ahead of ours, s; NaN: it has not said what time it is.
  std::atomic<double> clock_offset{std::numeric_limits<double>::quiet_NaN()};

  texts_order texts;         ///< When somebody wanted to read texts, and when they came.
  texts_order look_order{1}; ///< The same of looks.
  std::atomic<look_answers_ptr> looks{}; ///< The newest ones; null: nobody has asked of late.

  // -- written by SCHEDULER -----------------------------------------------------------------------

  std::atomic<uint64_t> polls_skipped{0};                 ///< Due while still in flight or waiting.
  std::atomic<caf::timespan> interval{caf::timespan{0}};  ///< How often it falls due.
  std::atomic<pace_reason> pace{pace_reason::fixed};      ///< Why so often.
  std::atomic<caf::actor_clock::time_point> next_due{{}}; ///< When it does again.
  std::atomic<uint64_t> restarts{0}; ///< Times its actors died and were started again.
  std::atomic<bool> paused{false};   ///< Not polled, by order of an operator.

  // -- written by the CONSOLE ---------------------------------------------------------------------

  own_log_level log_level{no_own_level}; ///< Of lines about this backend.

  // -- written by the REGISTRY --------------------------------------------------------------------

  lazy<vital_history> vitals; ///< How the server is and was; not there before the first block.

  // -- written by VISITOR -------------------------------------------------------------------------

  std::atomic<database_report_ptr> databases{}; ///< Null unless other databases are watched.

private:
  catalogue_ptr queries_;
  fleet_metrics* fleet_;
  std::deque<query_metrics> per_query_;
  std::array<std::atomic<uint64_t>, all_failures.size()> failures_{};
};

} // namespace pgstatsmon
