// What is counted over all backends, and how much of each one's own counts is shown.
#pragma once

#include "actors/registry/shared_plans.hpp"
#include "config/own_metrics.hpp"

#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace pgstatsmon {

/// One histogram a query for the whole fleet, and the option `own_metrics`. Any thread.
class fleet_metrics {
public:
  /// @param to Where the histograms are shown; must outlive this.
  explicit fleet_metrics(prometheus::Registry& to);

  /// The option in force.
  [[nodiscard]] own_metrics shown() const noexcept {
    return shown_.load(std::memory_order_relaxed);
  }
  void show(own_metrics x) noexcept { shown_.store(x, std::memory_order_relaxed); }

  /// What backends that are planned alike have together.
  [[nodiscard]] shared_plans& plans() noexcept { return plans_; }

  /// A query was answered, on any backend, after so many seconds.
  void answered(const std::string& query, double seconds);

private:
  std::atomic<own_metrics> shown_{own_metrics::contract};
  prometheus::Family<prometheus::Histogram>& seconds_;
  std::mutex mutex_;
  std::map<std::string, prometheus::Histogram*> by_query_;
  shared_plans plans_;
};

} // namespace pgstatsmon
