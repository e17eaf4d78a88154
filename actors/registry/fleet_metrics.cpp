// One histogram a query for the whole fleet.
#include "actors/registry/fleet_metrics.hpp"

#include "actors/own_families.hpp"
#include "actors/registry/backend_metrics.hpp"

namespace pgstatsmon {

namespace {

prometheus::Histogram::BucketBoundaries bounds_in_seconds() {
  constexpr double ms_per_second = 1000;
  prometheus::Histogram::BucketBoundaries result;
  for (auto ms : query_time_bounds)
    result.push_back(ms / ms_per_second);
  return result;
}

} // namespace

fleet_metrics::fleet_metrics(prometheus::Registry& to)
  : seconds_{histograms(to, {}, "pgstatsmon_query_duration_seconds",
                        "Time of the answers to a query, of all backends together.")} {
  // nop
}

void fleet_metrics::answered(const std::string& query, double seconds) {
  std::lock_guard guard{mutex_};
  auto& times = by_query_[query];
  if (times == nullptr)
    times = &seconds_.Add({{"query", query}}, bounds_in_seconds());
  times->Observe(seconds);
}

} // namespace pgstatsmon
