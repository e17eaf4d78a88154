// The names and helps of discovery's metrics.
#include "actors/discovery/discovery_metrics.hpp"

#include "actors/own_families.hpp"

namespace pgstatsmon {

namespace {

const prometheus::Histogram::BucketBoundaries poll_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                          1,     2.5,  5,     10,   30,  60};

std::string text(std::string_view x) {
  return std::string{x};
}

} // namespace

discovery_metrics::discovery_metrics(prometheus::Registry& registry, const family_labels& labels)
  : backends_{gauges(registry, labels, "pgstatsmon_discovery_backends",
                     "Backends in the list of a discovery source that is believed.")},
    last_success_{gauges(registry, labels, "pgstatsmon_discovery_last_success_timestamp_seconds",
                         "Unix time of a discovery source's last good answer; 0: none yet.")},
    from_state_{gauges(registry, labels, "pgstatsmon_discovery_from_state",
                       "1 while a discovery source's list is the one that state_dir kept from "
                       "before the start, because the source gave no list to believe yet.")},
    doubted_{gauges(registry, labels, "pgstatsmon_discovery_doubted",
                    "1 while a discovery source's newest list is so much smaller than the one "
                    "before that it needs a second look.")},
    changes_{counters(registry, labels, "pgstatsmon_discovery_changes_total",
                      "Backends of a discovery source that came and went.")},
    failures_{counters(registry, labels, "pgstatsmon_discovery_failures_total",
                       "Times that a discovery source gave no list, by reason.")},
    rejected_{counters(registry, labels, "pgstatsmon_discovery_rejected_total",
                       "What discovery sources offered and what is not watched, by reason; "
                       "counted once, not with every poll.")},
    poll_seconds_{histograms(registry, labels, "pgstatsmon_discovery_poll_duration_seconds",
                             "How long it took to ask a discovery source.")},
    patroni_{registry, labels},
    etcd_{registry, labels} {}

source_metrics_ptr discovery_metrics::of(const std::string& source) {
  auto& result = sources_[source];
  if (result)
    return result;
  const family_labels id{{"source", source}};
  auto with = [&](const char* name, std::string_view value) {
    return family_labels{{"source", source}, {name, text(value)}};
  };
  result.reset(new source_metrics{backends_.Add(id), last_success_.Add(id), from_state_.Add(id),
                                  doubted_.Add(id), changes_.Add(with("change", "added")),
                                  changes_.Add(with("change", "removed")),
                                  poll_seconds_.Add(id, poll_bounds)});
  result->patroni = &patroni_;
  result->etcd = &etcd_;
  for (auto x : all_source_failures)
    result->failures[static_cast<size_t>(x)] = &failures_.Add(with("reason", to_string_view(x)));
  for (auto x : all_reject_reasons)
    result->rejected[static_cast<size_t>(x)] = &rejected_.Add(with("reason", to_string_view(x)));
  return result;
}

void discovery_metrics::remove(const std::string& source) {
  auto i = sources_.find(source);
  if (i == sources_.end())
    return;
  auto& x = *i->second;
  backends_.Remove(&x.backends);
  last_success_.Remove(&x.last_success);
  from_state_.Remove(&x.from_state);
  doubted_.Remove(&x.doubted);
  changes_.Remove(&x.added);
  changes_.Remove(&x.removed);
  poll_seconds_.Remove(&x.poll_seconds);
  for (auto* counter : x.failures)
    failures_.Remove(counter);
  for (auto* counter : x.rejected)
    rejected_.Remove(counter);
  patroni_.show(source, {});
  sources_.erase(i);
}

} // namespace pgstatsmon
