// Name and help of each.
#include "actors/cluster/cluster_metrics.hpp"

#include "actors/own_families.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

auto& gauge(prometheus::Registry& to, const char* name, const char* help) {
  return gauges(to, {}, name, help).Add({});
}

auto& counter(prometheus::Registry& to, const char* name, const char* help) {
  return counters(to, {}, name, help).Add({});
}

void raise(prometheus::Counter& x, uint64_t before, uint64_t now) {
  if (now > before)
    x.Increment(static_cast<double>(now - before));
}

} // namespace

cluster_metrics::cluster_metrics(prometheus::Registry& registry)
  : members_{gauge(registry, "pgstatsmon_cluster_members",
                   "Daemons that share the fleet, this one included.")},
    owned_{
      gauge(registry, "pgstatsmon_cluster_owned", "Backends of the fleet that are this daemon's.")},
    slots_{gauge(registry, "pgstatsmon_cluster_slots",
                 "Of the 1024 parts of the fleet those that are this daemon's.")},
    doubtful_{gauge(registry, "pgstatsmon_cluster_doubtful",
                    "1 while the lease may have ended, so that others may poll the same.")},
    pending_{gauge(registry, "pgstatsmon_cluster_rebalance_pending",
                   "Parts of the fleet that are not where they should be, as far as this daemon "
                   "knows.")},
    differing_{gauge(registry, "pgstatsmon_cluster_differing_members",
                     "Daemons that share the fleet and are configured otherwise than this one.")},
    lease_left_{gauge(registry, "pgstatsmon_cluster_lease_remaining_seconds",
                      "How long the lease lasts at least; negative once it may have ended.")},
    moves_{counters(registry, {}, "pgstatsmon_cluster_moves_total",
                    "Parts of the fleet that came to this daemon or went from it, by reason.")},
    taken_{moves_.Add({{"reason", "taken"}})},
    given_{moves_.Add({{"reason", "given"}})},
    drained_{moves_.Add({{"reason", "drained"}})},
    somebody_else_{counter(registry, "pgstatsmon_cluster_brain_splits_total",
                           "Parts of the fleet that this daemon polled and another one had.")},
    cut_off_{counter(registry, "pgstatsmon_cluster_watchdog_triggers_total",
                     "Times that the lease was not prolonged before it may have ended.")},
    requests_{counter(registry, "pgstatsmon_cluster_engine_requests_total",
                      "Times that the engine which keeps the leases was asked.")},
    failures_{counter(registry, "pgstatsmon_cluster_engine_failures_total",
                      "Times that it did not answer.")},
    seconds_{histograms(registry, {}, "pgstatsmon_cluster_engine_request_seconds",
                        "How long it took to answer.")
               .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025,
                                                                0.05, 0.1, 0.25, 0.5, 1, 2.5, 5})} {
  // nop
}

void cluster_metrics::show(const cluster_status& x) {
  members_.Set(static_cast<double>(x.members.size()));
  owned_.Set(static_cast<double>(x.backends_held));
  slots_.Set(static_cast<double>(x.slots_held + x.slots_ending));
  doubtful_.Set(x.doubtful ? 1 : 0);
  size_t pending = 0;
  for (const auto& y : x.undone_for)
    pending += y.slots;
  pending_.Set(static_cast<double>(pending));
  differing_.Set(static_cast<double>(std::ranges::count(x.members, false, &member_status::agrees)));
  lease_left_.Set(x.lease_left);
  raise(taken_, shown_.taken, x.counts.taken);
  raise(given_, shown_.given, x.counts.given);
  raise(drained_, shown_.drained, x.counts.drained);
  raise(somebody_else_, shown_.somebody_else, x.counts.somebody_else);
  raise(cut_off_, shown_.cut_off, x.counts.cut_off);
  shown_ = x.counts;
}

void cluster_metrics::answered(double seconds) {
  requests_.Increment();
  seconds_.Observe(seconds);
}

void cluster_metrics::failed() {
  requests_.Increment();
  failures_.Increment();
}

} // namespace pgstatsmon
