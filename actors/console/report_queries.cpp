// `queries`: each query over the fleet.
#include "actors/console/reports.hpp"

#include <algorithm>
#include <cmath>

namespace pgstatsmon {

namespace {

/// What the fleet's newest polls say of one query.
struct query_sum {
  std::vector<caf::timespan> times; ///< One per backend.
  uint64_t rows = 0;
  uint64_t errors = 0;
  uint64_t timeouts = 0;
};

/// The value that `part` of the sorted values do not exceed (nearest rank).
cell quantile(const std::vector<caf::timespan>& sorted, double part) {
  if (sorted.empty())
    return none();
  auto rank = std::ceil(part * static_cast<double>(sorted.size()));
  return span(sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1]);
}

void add(std::vector<query_sum>& to, const backend_metrics& m) {
  for (size_t i = 0; i < to.size(); ++i) {
    to[i].errors += m.query(i).errors.load(std::memory_order_relaxed);
    to[i].timeouts += m.query(i).timeouts.load(std::memory_order_relaxed);
  }
  auto poll = m.history.last_poll();
  if (poll == nullptr)
    return;
  for (const auto& x : poll->queries) {
    if (!x.done)
      continue;
    to[x.query].times.push_back(x.took.value_or(x.end - x.start));
    to[x.query].rows += x.rows;
  }
}

caf::timespan whole_of(const query_sum& x) {
  caf::timespan result{0};
  for (auto y : x.times)
    result += y;
  return result;
}

} // namespace

report queries_report(const entry_list& backends, const catalogue& queries) {
  std::vector<query_sum> sums(queries.queries().size());
  for (const auto& x : backends)
    if (x->metrics->queries().get() == &queries)
      add(sums, *x->metrics);
  caf::timespan whole{0};
  for (const auto& x : sums)
    whole += whole_of(x);
  table result{{},
               "queries",
               {{"query", "query"},
                number_column("backends", "backends"),
                times_column("p50", "p50_seconds", 1),
                times_column("p95", "p95_seconds"),
                times_column("max", "max_seconds"),
                number_column("rows", "rows", 2),
                number_column("errors", "errors"),
                number_column("timeouts", "timeouts"),
                number_column("share", "share")}};
  for (size_t i = 0; i < sums.size(); ++i) {
    auto& x = sums[i];
    std::ranges::sort(x.times);
    auto part = whole.count() > 0
                  ? static_cast<double>(whole_of(x).count()) / static_cast<double>(whole.count())
                  : 0;
    result.rows.push_back({words(queries.queries()[i].name), count(x.times.size()),
                           quantile(x.times, 0.5), quantile(x.times, 0.95), quantile(x.times, 1),
                           count(x.rows), count(x.errors), count(x.timeouts), share(part)});
  }
  return {std::move(result)};
}

} // namespace pgstatsmon
