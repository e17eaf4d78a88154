// DISCOVERY's answer to the console.
#include "actors/discovery/discovery.hpp"

#include <numeric>

namespace pgstatsmon {

namespace {

struct kind_name {
  const char* operator()(const static_list&) const { return "static"; }
  const char* operator()(const vmapi_settings&) const { return "vmapi"; }
  const char* operator()(const file_source_settings&) const { return "file"; }
  const char* operator()(const http_sd_settings&) const { return "http_sd"; }
  const char* operator()(const dns_settings&) const { return "dns"; }
  const char* operator()(const patroni_settings&) const { return "patroni"; }
};

uint64_t count_of(const prometheus::Counter& x) {
  return static_cast<uint64_t>(x.Value());
}

template <class Counters>
uint64_t sum_of(const Counters& xs) {
  return std::accumulate(xs.begin(), xs.end(), uint64_t{0},
                         [](uint64_t n, const auto* x) { return n + count_of(*x); });
}

} // namespace

discovery_status discovery_state::status() const {
  discovery_status result;
  result.shard = shard_.index;
  result.shards = shard_.of;
  result.watched = live_.size();
  result.fleet = named_.empty() ? live_.size() : named_.size();
  for (const auto& x : sources_) {
    const auto& metrics = *x.metrics;
    auto& to = result.sources.emplace_back();
    to.name = x.spec.name;
    to.kind = std::visit(kind_name{}, x.spec.how);
    to.running = x.actor || std::holds_alternative<static_list>(x.spec.how);
    to.told = x.told;
    to.backends = x.list.size();
    to.last_success = metrics.last_success.Value();
    if (x.changed)
      to.last_change = self_->clock().now() - *x.changed;
    to.added = count_of(metrics.added);
    to.removed = count_of(metrics.removed);
    to.failures = sum_of(metrics.failures);
    to.rejections = sum_of(metrics.rejected);
    to.from_state = metrics.from_state.Value() != 0;
    to.doubted = metrics.doubted.Value() != 0;
    to.problem = metrics.notes.problem();
    to.rejected = metrics.notes.rejected();
  }
  return result;
}

} // namespace pgstatsmon
