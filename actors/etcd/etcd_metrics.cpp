// Names and helps of what is counted about clients of etcd.
#include "actors/etcd/etcd_metrics.hpp"

#include "actors/own_families.hpp"

#include <utility>

namespace pgstatsmon {

namespace {

prometheus::Histogram::BucketBoundaries buckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
}

} // namespace

etcd_families::etcd_families(prometheus::Registry& registry,
                             const std::map<std::string, std::string>& labels)
  : requests_{counters(registry, labels, "pgstatsmon_etcd_requests_total",
                       "Requests that were sent to etcd, watches among them.")},
    failures_{counters(registry, labels, "pgstatsmon_etcd_failures_total",
                       "Questions to etcd that came to nothing, by reason.")},
    watch_restarts_{counters(registry, labels, "pgstatsmon_etcd_watch_restarts_total",
                             "Watches of etcd that ended and began anew; one lives for a minute.")},
    seconds_{histograms(registry, labels, "pgstatsmon_etcd_request_seconds",
                        "How long requests to etcd took that were answered.")} {}

etcd_metrics_ptr etcd_families::of(const std::string& client) {
  return std::make_shared<etcd_metrics>(*this, client);
}

etcd_metrics::etcd_metrics(etcd_families& of, std::string client)
  : of_{of}, client_{std::move(client)} {
  std::lock_guard guard{of_.mutex_};
  ++of_.users_[client_];
  // The same ones for all who name this client.
  requests_ = &of_.requests_.Add({{"client", client_}});
  for (size_t i = 0; i < failures_.size(); ++i)
    failures_[i] = &of_.failures_.Add(
      {{"client", client_}, {"reason", std::string{to_string_view(static_cast<etcd_failure>(i))}}});
  watch_restarts_ = &of_.watch_restarts_.Add({{"client", client_}});
  seconds_ = &of_.seconds_.Add({{"client", client_}}, buckets());
}

etcd_metrics::~etcd_metrics() {
  std::lock_guard guard{of_.mutex_};
  auto i = of_.users_.find(client_);
  if (--i->second > 0)
    return;
  of_.users_.erase(i);
  of_.requests_.Remove(requests_);
  for (auto* x : failures_)
    of_.failures_.Remove(x);
  of_.watch_restarts_.Remove(watch_restarts_);
  of_.seconds_.Remove(seconds_);
}

void etcd_metrics::add(const etcd_counts& x, const std::vector<std::chrono::nanoseconds>& times) {
  auto raise = [](prometheus::Counter* to, uint64_t by) {
    if (by > 0)
      to->Increment(static_cast<double>(by));
  };
  raise(requests_, x.requests);
  for (size_t i = 0; i < failures_.size(); ++i)
    raise(failures_[i], x.failures[i]);
  raise(watch_restarts_, x.watch_restarts);
  for (auto y : times)
    seconds_->Observe(std::chrono::duration<double>{y}.count());
}

} // namespace pgstatsmon
