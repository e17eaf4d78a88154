// Taking results.
#include "actors/backend/poll_progress.hpp"

#include "actors/backend/classify.hpp"

#include <algorithm>
#include <utility>

#include <libpq-fe.h>

namespace pgstatsmon {

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
  const auto* rows = result.result.rows.get();
  switch (result.what.what) {
  case purpose::arrival: round_trip_ = result.took(); break;
  case purpose::guards:
    if (auto own = boolean(rows))
      memory.ground = *own ? footing::own : footing::shared;
    break;
  case purpose::facts: asked.facts_came(rows, now); break;
  case purpose::query: take_query(result, asked, memory.prepared); break;
  case purpose::role:
  case purpose::rights:
  case purpose::texts:
  case purpose::place: break;
  }
  return result;
}

void poll_progress::take_query(taken_result& taken, agenda& asked, prepared_statements& prepared) {
  auto& [index, rows, is_prepared, error] = taken.result;
  auto query = taken.what.query;
  auto variant = taken.what.variant;
  prepared_statements::key key{query, variant};
  if (is_prepared && sent_.statements[index].prepare)
    prepared.add(key);
  if (!error)
    error = too_many_rows(rows.get(), limits_.max_rows);
  asked.answered(query, taken.end, !error);
  traces_.push_back(trace_of(taken));
  if (!error) {
    ++good_;
    rows_ += traces_.back().rows;
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
    prepared.give_up(key);
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

poll_progress::time_point poll_progress::deadline() const {
  const auto* query = running();
  auto silence = patience_for(query == nullptr ? std::chrono::milliseconds{0} : query->limit,
                              limits_.query_timeout);
  auto longest = std::ranges::max(sent_.steps, {}, &step::limit).limit;
  auto whole =
    std::max(limits_.interval, caf::timespan{patience_for(longest, limits_.query_timeout)});
  return std::min<time_point>(last_byte_ + silence, began_ + whole);
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
  for (auto i = next_; i < sent_.steps.size(); ++i)
    if (const auto& next = sent_.steps[i]; next.what == purpose::query) {
      auto& missing = result.queries.emplace_back();
      missing.query = next.query;
      missing.variant = next.variant;
      missing.start = last_result_ - began_;
    }
  return result;
}

} // namespace pgstatsmon
