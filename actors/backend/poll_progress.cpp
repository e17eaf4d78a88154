// Taking results.
#include "actors/backend/poll_progress.hpp"

#include "actors/backend/classify.hpp"
#include "actors/registry/cell_values.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

/// A query that takes as long holds up those that share its Sync, and keeps their locks.
constexpr auto slow = std::chrono::milliseconds{10};

/// The number that a statement answered with.
std::optional<double> number(const pg_result* rows) {
  double result = 0;
  auto is_one = PQntuples(rows) == 1 && PQnfields(rows) == 1 && PQgetisnull(rows, 0, 0) == 0
                && parse_number(PQgetvalue(rows, 0, 0), result);
  return is_one ? std::optional{result} : std::nullopt;
}

} // namespace

poll_progress::poll_progress(flight sent, const flight_limits& limits, time_point now)
  : sent_{std::move(sent)}, limits_{limits}, began_{now}, last_result_{now}, last_byte_{now} {
  traces_.reserve(sent_.steps.size());
}

void poll_progress::heard(time_point now) {
  last_byte_ = now;
  if (!first_byte_)
    first_byte_ = now;
}

taken_result poll_progress::take(statement_result came, agenda& asked, session_memory& memory,
                                 time_point now) {
  auto index = came.index;
  auto first = std::exchange(first_byte_, std::nullopt).value_or(now);
  taken_result result{.what = sent_.steps[index],
                      .result = std::move(came),
                      .start = std::exchange(last_result_, now),
                      .first = first,
                      .end = now};
  next_ = index + 1;
  blame(result.result);
  if (!result.what.timed && result.what.what != purpose::clock)
    result.took = result.end - result.start;
  const auto* rows = result.result.rows.get();
  switch (result.what.what) {
  case purpose::arrival: round_trip_ = *result.took; break;
  case purpose::guards:
    if (auto own = boolean(rows))
      memory.ground = *own ? footing::own : footing::shared;
    break;
  case purpose::facts: asked.facts_came(rows, now); break;
  case purpose::clock: take_clock(result, memory); break;
  case purpose::query: take_query(result, asked, memory); break;
  case purpose::cluster: take_cluster(result, memory); break;
  case purpose::role:
  case purpose::rights:
  case purpose::texts:
  case purpose::look:
  case purpose::settings:
  case purpose::place: break;
  }
  return result;
}

/// A query that is skipped for the second time has failed, with the error that made the server skip
/// it.
void poll_progress::blame(statement_result& came) {
  if (came.error)
    sync_error_ = came.error;
  if (came.skipped && again_ && sent_.steps[came.index].what == purpose::query) {
    came.skipped = false;
    came.error = sync_error_.value_or(session_error{.message = "the server has skipped it"});
  }
  if (sent_.statements[came.index].sync)
    sync_error_.reset();
}

void poll_progress::take_query(taken_result& taken, agenda& asked, session_memory& memory) {
  auto& [index, rows, is_prepared, error, is_skipped] = taken.result;
  auto query = taken.what.query;
  auto variant = taken.what.variant;
  prepared_statements::key key{query, variant};
  if (is_prepared && sent_.statements[index].prepare)
    memory.prepared.add(key);
  memory.proven.erase(key);
  if (is_skipped) {
    skipped_.push_back(taken.what);
    return;
  }
  if (!error)
    error = too_many_rows(rows.get(), limits_.max_rows);
  asked.answered(query, taken.end, !error);
  traces_.push_back(trace_of(taken));
  if (!error) {
    ++good_;
    rows_ += traces_.back().rows;
    if (taken.what.may_share)
      memory.proven.insert(key);
    if (taken.what.timed)
      untimed_ = rows;
    return;
  }
  rows = nullptr;
  taken.lost_needs = asked.has_lost_its_needs(query, variant, error->sqlstate, began_);
  if (taken.lost_needs)
    return;
  if (worst_ != failure::timeout)
    worst_ = error->reason;
  if (!first_failed_)
    first_failed_ = failed_query{query, *error};
  if (may_come_from_preparing(error->sqlstate))
    memory.prepared.give_up(key);
}

void poll_progress::take_clock(taken_result& taken, session_memory& memory) {
  auto& came = taken.result;
  auto began = std::exchange(clock_, std::nullopt);
  if (came.prepared && sent_.statements[came.index].prepare)
    memory.prepared.add(clock_key);
  if (came.error) {
    if (may_come_from_preparing(came.error->sqlstate))
      memory.prepared.give_up(clock_key);
    else
      memory.clock = came.error->reason == failure::timeout;
  }
  if (came.rows != nullptr)
    clock_ = number(came.rows.get());
  if (!first_clock_)
    first_clock_ = clock_;
  came.rows = std::exchange(untimed_, nullptr);
  if (came.rows == nullptr || !began || !clock_)
    return;
  caf::timespan span{std::llround((*clock_ - *began) * 1e9)};
  // A clock may be set at any time.
  if (span.count() < 0 || span > taken.end - began_)
    return;
  taken.took = traces_.back().took = span;
  if (span >= slow)
    memory.proven.erase({taken.what.query, taken.what.variant});
}

/// A server that has none of it, or hides it, is not asked again by this session.
void poll_progress::take_cluster(const taken_result& taken, session_memory& memory) const {
  const auto& came = taken.result;
  memory.proven.erase(cluster_key);
  if (came.prepared && sent_.statements[came.index].prepare)
    memory.prepared.add(cluster_key);
  if (!came.error) {
    if (taken.what.may_share && !came.skipped && taken.end - taken.start < slow)
      memory.proven.insert(cluster_key);
  } else if (may_come_from_preparing(came.error->sqlstate)) {
    memory.prepared.give_up(cluster_key);
  } else {
    memory.cluster = came.error->reason == failure::timeout;
  }
}

std::optional<plan> poll_progress::skipped() const {
  if (!complete() || skipped_.empty())
    return std::nullopt;
  plan result;
  for (const auto& x : skipped_) {
    result.resize(std::max(result.size(), x.query + 1));
    result[x.query] = x.variant;
  }
  return result;
}

void poll_progress::go_on(flight again, time_point now) {
  sent_ = std::move(again);
  skipped_.clear();
  again_ = true;
  next_ = 0;
  last_result_ = last_byte_ = now;
}

const step* poll_progress::broke_off(const session_error& why, agenda& asked, time_point now) {
  const auto* query = why.reason == failure::too_large ? running() : nullptr;
  if (query != nullptr)
    asked.leave_out(query->query, now);
  return query;
}

const step* poll_progress::running() const {
  return !complete() && sent_.steps[next_].what == purpose::query ? &sent_.steps[next_] : nullptr;
}

/// A server keeps small results back until a Sync, so it may be silent for all queries up to the
/// next one. Those that share it were quick the last time: that more than two of them take all of
/// their time now is less likely than a server that will never answer.
std::chrono::milliseconds poll_progress::silence_allowed() const {
  std::chrono::milliseconds queries{0};
  std::chrono::milliseconds longest{0};
  for (auto i = next_; i < sent_.steps.size(); ++i) {
    if (const auto& x = sent_.steps[i]; x.what == purpose::query) {
      auto limit = std::max(x.limit, limits_.query_timeout);
      queries += limit;
      longest = std::max(longest, limit);
    }
    if (sent_.statements[i].sync)
      break;
  }
  return patience_for(std::min(queries, 2 * longest), limits_.query_timeout);
}

poll_progress::time_point poll_progress::deadline() const {
  auto longest = std::ranges::max(sent_.steps, {}, &step::limit).limit;
  auto whole =
    std::max(limits_.interval, caf::timespan{patience_for(longest, limits_.query_timeout)});
  return std::min<time_point>(last_byte_ + silence_allowed(), began_ + whole);
}

query_trace poll_progress::trace_of(const taken_result& taken) const {
  query_trace result;
  result.query = taken.what.query;
  result.variant = taken.what.variant;
  result.done = true;
  result.start = taken.start - began_;
  result.first = taken.first - began_;
  result.end = taken.end - began_;
  if (const auto* rows = taken.result.rows.get()) {
    result.rows = static_cast<uint64_t>(PQntuples(rows));
    result.bytes = PQresultMemorySize(rows);
  }
  if (taken.result.error) {
    result.reason = taken.result.error->reason;
    result.sqlstate = taken.result.error->sqlstate;
  }
  return result;
}

poll_trace poll_progress::trace(double when, failure reason, time_point now) const {
  poll_trace result;
  result.when = when;
  result.reason = reason;
  result.duration = now - began_;
  result.round_trip = round_trip_;
  result.queries = traces_;
  auto add_missing = [&](const step& next) {
    if (next.what != purpose::query)
      return;
    auto& missing = result.queries.emplace_back();
    missing.query = next.query;
    missing.variant = next.variant;
    missing.start = last_result_ - began_;
  };
  std::ranges::for_each(sent_.steps.begin() + static_cast<ptrdiff_t>(next_), sent_.steps.end(),
                        add_missing);
  std::ranges::for_each(skipped_, add_missing);
  return result;
}

} // namespace pgstatsmon
