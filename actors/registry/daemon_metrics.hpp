// Metrics about the daemon itself, in a prometheus-cpp registry.
#pragma once

#include "actors/registry/fleet_metrics.hpp"
#include "messages/backend.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <mutex>
#include <optional>
#include <string>

namespace pgstatsmon {

/// The process-wide families. The metrics may be used by any thread.
class daemon_metrics {
public:
  /// @param static_labels On every series: `target.metadata`.
  explicit daemon_metrics(label_list static_labels);

  /// Where others add their own families; text() adds the static labels.
  prometheus::Registry& registry() noexcept { return registry_; }

  /// Replaces the static labels. Any thread.
  void set_labels(label_list static_labels);

  /// Shows when the page's certificate ends, Unix time; nothing without TLS. Any thread.
  void set_certificate_expiry(std::optional<double> when);

  /// All of it and the process metrics, read now, in the text format. Any thread.
  [[nodiscard]] std::string text() const;

private:
  prometheus::Gauge& gauge(const char* name, const char* help);
  prometheus::Counter& counter(const char* name, const char* help);
  prometheus::Histogram& histogram(const char* name, const char* help,
                                   const prometheus::Histogram::BucketBoundaries& bounds);

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Gauge>& certificate_family_;
  mutable std::mutex mutex_; ///< Of labels_ and certificate_expiry_.
  label_list labels_;
  prometheus::Gauge* certificate_expiry_ = nullptr; ///< Null without TLS.

public:
  fleet_metrics fleet;                     ///< Written by CONNECTIONs.
  prometheus::Gauge& backends;             ///< Backends that are known. Written by the SCHEDULER.
  prometheus::Gauge& in_flight;            ///< Backends in flight. Written by the SCHEDULER.
  prometheus::Gauge& connecting;           ///< Attempts under way. Written by the GATE.
  prometheus::Gauge& waiting;              ///< Backends waiting for theirs. Written by the GATE.
  prometheus::Gauge& without_descriptor;   ///< Backends kept out for want of one. By the GATE.
  prometheus::Gauge& reserved_descriptors; ///< What backends never get.
  prometheus::Gauge& interval_stretch;     ///< Written by the SCHEDULER.
  prometheus::Histogram& tick_seconds;     ///< Written by the SCHEDULER.
  prometheus::Histogram& slot_wait;        ///< Written by the SCHEDULER.
  prometheus::Counter& pages;              ///< Pages served to their end.
  prometheus::Gauge& page_bytes;           ///< Of the newest page, before compression.
  prometheus::Histogram& page_seconds;     ///< To write a page, without compression.
};

} // namespace pgstatsmon
