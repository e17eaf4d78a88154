// The agenda: what a backend's next poll asks, and why the rest is not asked. Pure.
#pragma once

#include "actors/backend/plan.hpp"
#include "actors/backend/query_schedule.hpp"
#include "actors/backend/time_budget.hpp"
#include "actors/registry/backend_history.hpp"
#include "config/catalogue.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Joins what applies to a server, what is due, and what has proved too large.
class agenda {
public:
  using time_point = caf::actor_clock::time_point;

  /// For how long a query is left out whose result was too large.
  static constexpr std::chrono::minutes leave_out_for{10};

  /// @param backend Its identity, which decides the phases of queries with an interval of their
  /// own.
  /// @param visit Of one more database: the server's own queries are not part of it.
  agenda(catalogue_ptr queries, std::string_view backend, collect_rules collect, bool visit = false,
         backend_kind kind = backend_kind::postgres);

  /// What is known of the server now. True if another plan came of it.
  bool learn(int32_t version, server_role role, bool functions);
  bool learn(found_facts found);

  [[nodiscard]] const plan_facts& facts() const noexcept { return facts_; }

  /// Asks for what learn(found_facts) takes; empty when no query needs to know anything.
  [[nodiscard]] std::string facts_sql() const { return facts_query(needs_, facts_.version); }

  /// Whether it is time to ask that: it was not yet, or nearly a minute ago.
  [[nodiscard]] bool wants_facts(time_point now) const;

  /// It was asked.
  /// @param rows Null: without success, and what was known holds until the next time.
  /// @returns as learn().
  bool facts_came(const PGresult* rows, time_point now);

  /// A query has failed. Whether that is because what it needs is there no more: an extension was
  /// dropped, moved or updated, a right taken. Then it is no failure, and the facts are asked with
  /// the next poll, unless they came with this one; after that it is left out, or fails in earnest.
  /// @param began When the poll did.
  bool has_lost_its_needs(size_t query, size_t variant, std::string_view sqlstate,
                          time_point began);

  /// There is another session, maybe at another server: it is time to ask.
  void doubt_facts() { facts_asked_.reset(); }

  /// Begins to count the time of queries with an interval of their own, once.
  void start(time_point now, caf::timespan poll_interval);

  /// Asks less or more often, as the budget wants it. Before due().
  /// @returns true if an interval has changed.
  bool adjust(time_point now, caf::timespan poll_interval);

  /// The queries that a poll asks which begins now, within the budget.
  [[nodiscard]] plan due(time_point now, caf::timespan poll_interval);

  /// The queries that a sample asks which is taken now, within the budget; none among them: there
  /// is nothing to sample.
  [[nodiscard]] plan sample(time_point now) const;

  /// A query took so long of the server's time.
  void took(size_t query, caf::timespan time, time_point now) { budget_.spent(query, time, now); }

  /// Its result took so long of ours.
  void took_of_us(size_t query, caf::timespan time, time_point now) {
    own_budget_.spent(query, time, now);
  }

  /// What the server may spend.
  [[nodiscard]] const time_budget& budget() const { return budget_; }

  /// What we may.
  [[nodiscard]] const time_budget& own_budget() const { return own_budget_; }

  /// By how much a query's interval is longer than it should be.
  [[nodiscard]] uint32_t stretch(size_t query) const {
    return std::max(budget_.stretch(query), own_budget_.stretch(query));
  }

  /// Queries that are asked less often.
  [[nodiscard]] size_t stretched() const;

  void answered(size_t query, time_point now, bool well);

  /// Its result was too large: the next session would fail at it again, and bring nothing of the
  /// other queries either.
  void leave_out(size_t query, time_point now) { left_out_[query] = now + leave_out_for; }

  /// Queries that apply and have texts.
  [[nodiscard]] std::vector<size_t> with_texts() const;

  /// For each query, whether rows of an earlier poll may still be shown.
  /// Those that wait because of the budget among them.
  [[nodiscard]] std::vector<bool> kept(time_point now, caf::timespan poll_interval) const;

  /// Queries that apply and have not proved too large.
  [[nodiscard]] size_t planned(time_point now) const;

  /// For a person: every query, its variant or why it is left out.
  /// @param elsewhere The server's other databases are visited.
  [[nodiscard]] std::shared_ptr<const plan_trace> explain(time_point now,
                                                          bool elsewhere = false) const;

private:
  bool make();
  [[nodiscard]] bool is_left_out(size_t query, time_point now) const;
  [[nodiscard]] std::vector<size_t> without_room(std::vector<size_t> due, time_point now) const;

  catalogue_ptr queries_;
  std::vector<need> needs_;
  plan_facts facts_;
  plan plan_;
  query_schedule schedule_;
  time_budget budget_;            ///< The server's.
  time_budget own_budget_;        ///< Ours.
  std::vector<size_t> postponed_; ///< By the newest due(): there is no room for them.
  bool started_ = false;
  std::optional<time_point> facts_asked_;
  std::optional<time_point> facts_changed_;
  std::set<size_t> in_earnest_;           ///< Queries that fail though what they need is there.
  std::map<size_t, time_point> left_out_; ///< Queries that were too large, and until when.
};

} // namespace pgstatsmon
