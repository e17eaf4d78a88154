// Sections are decoded one by one, and put together when the poll is over.
#include "actors/backend/poll_results.hpp"

#include "actors/registry/read_vitals.hpp"
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

poll_results::poll_results(const backend& target, metrics_ptr metrics, result_shapes::complain warn)
  : backend_{target.name},
    metrics_{std::move(metrics)},
    shapes_{metrics_->queries(), std::move(warn)},
    rows_{metrics_->queries(), target, target.database} {
  // nop
}

void poll_results::take(size_t query, const PGresult& rows, time_point now) {
  decode_report report;
  auto fresh = rows_.take(query, rows, shapes_, now, report);
  if (fresh == nullptr)
    return;
  count_decoded(*metrics_, backend_, query, report);
  if (trace::replication_is_watched()) [[unlikely]]
    trace_replication(backend_, metrics_->queries()->queries()[query], *fresh);
}

poll_block poll_results::finish(const std::vector<bool>& kept, time_point now, caf::timespan took) {
  if (is_logged(metrics_->log_level, spdlog::level::trace))
    rows_.each_fresh([this](const query_definition& query, const section& fresh) {
      log_samples(metrics_->log_level, backend_, query, fresh);
    });
  auto samples = rows_.finish(kept);
  metrics_->series.store(samples->series(), std::memory_order_relaxed);
  auto vitals = read_vitals(*samples, shown_.get());
  vitals.when = now;
  vitals.took = took;
  shown_ = samples;
  return {std::move(samples), vitals};
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

} // namespace pgstatsmon
