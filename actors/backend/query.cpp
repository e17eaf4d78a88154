// The QUERY: collects the sections of a poll, and publishes them as one block when it is over.
#include "actors/backend/query.hpp"

#include "actors/trace_points.hpp"

#include <utility>

namespace pgstatsmon {

namespace {

/// Shows the standbys that a query knows to those who watch.
void trace_replication(const std::string& backend, const query_definition& query,
                       const section& rows) {
  if (!query.replication)
    return;
  auto position = [&](size_t row, size_t which) -> int64_t {
    auto x = rows.value(row, (*query.replication)[which]);
    return x >= 0 && x < 0x1p63 ? static_cast<int64_t>(x) : -1;
  };
  for (size_t i = 0; i < rows.rows(); ++i)
    trace::replication(backend, std::string{rows.labels(i)},
                       {position(i, 0), position(i, 1), position(i, 2), position(i, 3)});
}

} // namespace

bool query_state::enter(uint64_t number) {
  if (number > poll) {
    poll = number;
    under_way = true;
    rows->begin();
  }
  return number == poll && under_way;
}

void query_state::take(const query_result& result) {
  const auto& queries = metrics->queries()->queries();
  if (result.query >= queries.size() || !enter(result.poll))
    return;
  decode_report report;
  auto fresh = rows->take(result.query, *result.rows, *shapes, self->clock().now(), report);
  if (fresh == nullptr)
    return;
  count_decoded(*metrics, backend, result.query, report);
  if (trace::replication_is_watched()) [[unlikely]]
    trace_replication(backend, queries[result.query], *fresh);
}

void query_state::finish(const poll_finished& end) {
  if (!enter(end.poll))
    return;
  under_way = false;
  if (end.publish)
    publish(end.kept);
}

void query_state::publish(const std::vector<bool>& kept) {
  if (is_logged(metrics->log_level, spdlog::level::trace))
    rows->each_fresh([this](const query_definition& query, const section& fresh) {
      log_samples(metrics->log_level, backend, query, fresh);
    });
  auto samples = rows->finish(kept);
  metrics->series.store(samples->series(), std::memory_order_relaxed);
  self->send(registry, backend_samples{life, std::move(samples)});
}

void count_decoded(backend_metrics& metrics, const std::string& backend, size_t query,
                   const decode_report& report) {
  auto& counts = metrics.query(query);
  counts.duplicates.fetch_add(report.duplicates, std::memory_order_relaxed);
  for (size_t i = 0; i < report.not_a_number.size(); ++i)
    if (auto bad = report.not_a_number[i]; bad > 0) {
      counts.count_bad(i, bad);
      trace::bad_value(backend, metrics.queries()->queries()[query].name, bad);
    }
}

query_actor::behavior_type query(observed_ptr<query_actor, query_state> self,
                                 registry_actor registry, const backend& target, incarnation life,
                                 metrics_ptr metrics) {
  self->is_for(target.name);
  self->state.registry = std::move(registry);
  self->state.backend = target.name;
  self->state.life = life;
  self->state.shapes.emplace(metrics->queries(), target.name);
  self->state.rows.emplace(metrics->queries(), target, target.database);
  self->state.metrics = std::move(metrics);
  return {
    [self](query_result& x) { self->state.take(x); },
    [self](poll_finished& x) { self->state.finish(x); },
    [self](const backend_changed& x) { self->state.rows->relabel(x.value.labels); },
  };
}

} // namespace pgstatsmon
