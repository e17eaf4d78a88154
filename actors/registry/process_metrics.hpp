// The process metrics that people expect of every exporter, read when they are asked for.
#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What /proc/self/stat says of interest.
struct process_stat {
  double threads = 0;
  double start_ticks = 0; ///< After boot, in clock ticks.
  double virtual_bytes = 0;
  double resident_pages = 0;

  friend bool operator==(const process_stat&, const process_stat&) = default;
};

/// Reads the one line of /proc/self/stat; nothing if it does not look like one.
std::optional<process_stat> parse_process_stat(const std::string& line);

/// CPU time, memory, file descriptors, threads and start time of this process. A family whose
/// value can't be read is left out.
std::vector<prometheus::MetricFamily> collect_process_metrics();

} // namespace pgstatsmon
