// Metrics of daemons that share a fleet.
#pragma once

#include "actors/cluster/cluster_status.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>

namespace pgstatsmon {

/// All written by CLUSTER.
class cluster_metrics {
public:
  explicit cluster_metrics(prometheus::Registry& registry);

  /// Shows what is; counters grow by what has come since the last call.
  void show(const cluster_status& x);

  /// An order was answered after so many seconds.
  void answered(double seconds);

  /// One was not.
  void failed();

private:
  prometheus::Gauge& members_;
  prometheus::Gauge& owned_;
  prometheus::Gauge& slots_;
  prometheus::Gauge& doubtful_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& differing_;
  prometheus::Gauge& lease_left_;
  prometheus::Family<prometheus::Counter>& moves_;
  prometheus::Counter& taken_;
  prometheus::Counter& given_;
  prometheus::Counter& drained_;
  prometheus::Counter& somebody_else_;
  prometheus::Counter& cut_off_;
  prometheus::Counter& requests_;
  prometheus::Counter& failures_;
  prometheus::Histogram& seconds_;
  holding_counts shown_;
};

} // namespace pgstatsmon
