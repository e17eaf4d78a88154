// Name and help of every process-wide family, side by side.
#include "actors/registry/daemon_metrics.hpp"

#include "actors/own_families.hpp"
#include "actors/registry/process_metrics.hpp"

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

namespace pgstatsmon {

namespace {

#ifdef __clang__
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "gcc " __VERSION__;
#endif

} // namespace

daemon_metrics::daemon_metrics(label_list static_labels)
  : certificate_family_{gauges(registry_, {}, "pgstatsmon_web_certificate_expiry_timestamp_seconds",
                               "When the page's certificate ends, Unix time; only with TLS.")},
    labels_{std::move(static_labels)},
    fleet{registry_},
    backends{gauge("pgstatsmon_backends", "Backends that are known.")},
    in_flight{gauge("pgstatsmon_in_flight", "Backends in flight: polled and not answered yet.")},
    connecting{gauge("pgstatsmon_connecting", "Connection attempts under way.")},
    waiting{gauge("pgstatsmon_connecting_waiting",
                  "Backends that wait until fewer attempts are under way.")},
    without_descriptor{
      gauge("pgstatsmon_backends_without_descriptor",
            "Backends that are not connected because no file descriptor is left.")},
    reserved_descriptors{
      gauge("pgstatsmon_reserved_fds",
            "File descriptors of process_max_fds that are never used for backends.")},
    interval_stretch{
      gauge("pgstatsmon_interval_stretch_ratio",
            "By how much all intervals are longer than configured, as the slots do not suffice.")},
    tick_seconds{
      histogram("pgstatsmon_tick_duration_seconds",
                "Time in each interval during which a backend was in flight or waited for a slot.",
                {0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60})},
    slot_wait{histogram("pgstatsmon_slot_wait_seconds",
                        "Time from when a backend falls due until it is polled.",
                        {0.0001, 0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30})},
    pages{counter("pgstatsmon_pages_total", "Pages served to their end.")},
    page_bytes{gauge("pgstatsmon_page_bytes", "Size of the newest page, before compression.")},
    page_seconds{histogram("pgstatsmon_page_duration_seconds",
                           "Time to write a page, without compression and waiting for the client.",
                           {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5})} {
  gauges(registry_, {}, "pgstatsmon_build_info", "1; version and compiler are its labels.")
    .Add({{"version", PGSTATSMON_VERSION}, {"compiler", compiler}})
    .Set(1);
}

std::string daemon_metrics::text() const {
  auto families = registry_.Collect();
  for (auto& x : collect_process_metrics())
    families.push_back(std::move(x));
  std::lock_guard guard{mutex_};
  for (auto& family : families)
    for (auto& x : family.metric)
      for (const auto& [name, value] : labels_)
        x.label.push_back({name, value});
  std::ostringstream result;
  prometheus::TextSerializer{}.Serialize(result, families);
  return std::move(result).str();
}

void daemon_metrics::set_labels(label_list static_labels) {
  std::lock_guard guard{mutex_};
  labels_ = std::move(static_labels);
}

void daemon_metrics::set_certificate_expiry(std::optional<double> when) {
  std::lock_guard guard{mutex_};
  if (!when && certificate_expiry_ != nullptr)
    certificate_family_.Remove(std::exchange(certificate_expiry_, nullptr));
  if (!when)
    return;
  if (certificate_expiry_ == nullptr)
    certificate_expiry_ = &certificate_family_.Add({});
  certificate_expiry_->Set(*when);
}

prometheus::Gauge& daemon_metrics::gauge(const char* name, const char* help) {
  return gauges(registry_, {}, name, help).Add({});
}

prometheus::Counter& daemon_metrics::counter(const char* name, const char* help) {
  return counters(registry_, {}, name, help).Add({});
}

prometheus::Histogram&
daemon_metrics::histogram(const char* name, const char* help,
                          const prometheus::Histogram::BucketBoundaries& bounds) {
  return histograms(registry_, {}, name, help).Add({}, bounds);
}

} // namespace pgstatsmon
