// Families of prometheus-cpp, for what the daemon counts of itself: a name and a help each.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

namespace pgstatsmon {

/// Labels of every series of a family.
using family_labels = std::map<std::string, std::string>;

/// Makes a family, or finds the one that was made so before. It lives as long as the registry.
inline prometheus::Family<prometheus::Gauge>&
gauges(prometheus::Registry& to, const family_labels& labels, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Labels(labels).Register(to);
}

/// The same of counters.
inline prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& to,
                                                         const family_labels& labels,
                                                         const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Labels(labels).Register(to);
}

/// The same of histograms, each with buckets of its own.
inline prometheus::Family<prometheus::Histogram>& histograms(prometheus::Registry& to,
                                                             const family_labels& labels,
                                                             const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Labels(labels).Register(to);
}

} // namespace pgstatsmon
