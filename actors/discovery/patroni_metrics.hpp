// What Patroni says of its clusters, on the page.
#pragma once

#include "actors/discovery/patroni_cluster.hpp"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// The families of what Patroni says, and the series of every source. Any thread.
class patroni_metrics {
public:
  /// Series of one source: members beyond that have none.
  static constexpr size_t max_members = 5000;

  /// @param labels Static labels of every series.
  explicit patroni_metrics(prometheus::Registry& registry,
                           const std::map<std::string, std::string>& labels = {});

  /// What a source says now, in place of what it said before; empty: it is gone.
  void show(const std::string& source, const std::vector<patroni_cluster>& xs);

private:
  using family = prometheus::Family<prometheus::Gauge>;
  struct series {
    family* of;
    prometheus::Gauge* gauge;
    bool current; // said in this turn
  };
  using series_map = std::map<std::map<std::string, std::string>, std::vector<series>>;

  void set(series_map& all, family& of, const std::map<std::string, std::string>& labels,
           double value);

  family& paused_;
  family& failsafe_;
  family& has_leader_;
  family& seen_;
  family& members_;
  family& running_;
  family& leader_;
  family& timeline_;
  family& pending_restart_;
  std::mutex mutex_;
  std::map<std::string, series_map> sources_;
};

} // namespace pgstatsmon
