// What the CONNECTION tells of a poll to those who watch: tracepoints, and the trace that the
// console shows.
#include "actors/backend/connection.hpp"

#include <libpq-fe.h>

namespace pgstatsmon {

trace::query connection_state::traced(const step& what) const {
  const auto& definition = queries().queries()[what.query];
  return {definition.variants[what.variant].sql, definition.name, arguments_.target.name};
}

void connection_state::await(size_t next) {
  const auto& steps = poll_->sent.steps;
  auto is_query = next < steps.size() && steps[next].what == purpose::query;
  poll_->running = is_query ? &steps[next] : nullptr;
  if (is_query)
    trace::query_start(traced(steps[next]));
}

query_trace connection_state::trace_of(const step& what, const statement_result& result,
                                       const result_times& times) const {
  query_trace x;
  x.query = what.query;
  x.variant = what.variant;
  x.done = true;
  x.start = times.start - poll_->began;
  x.first = times.first - poll_->began;
  x.end = times.end - poll_->began;
  if (result.rows != nullptr) {
    x.rows = static_cast<uint64_t>(PQntuples(result.rows.get()));
    x.bytes = PQresultMemorySize(result.rows.get());
  }
  if (result.error) {
    x.reason = result.error->reason;
    x.sqlstate = result.error->sqlstate;
  }
  return x;
}

trace_ptr connection_state::make_trace(poll_progress& x, failure reason) const {
  auto result = std::make_shared<poll_trace>();
  result->when = x.when;
  result->reason = reason;
  result->duration = now() - x.began;
  result->round_trip = x.round_trip;
  result->queries = std::move(x.traces);
  // The results that did not come, in the order in which they were to come.
  auto missing = result->queries.size();
  size_t seen = 0;
  for (const auto& y : x.sent.steps)
    if (y.what == purpose::query && seen++ >= missing) {
      auto& trace = result->queries.emplace_back();
      trace.query = y.query;
      trace.variant = y.variant;
      trace.start = x.last_result - x.began;
    }
  return result;
}

} // namespace pgstatsmon
