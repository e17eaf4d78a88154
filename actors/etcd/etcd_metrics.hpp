// What is counted about clients of etcd.
#pragma once

#include "actors/etcd/etcd_engine.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon {

class etcd_metrics;
using etcd_metrics_ptr = std::shared_ptr<etcd_metrics>;

/// The families, and who has series in them. Must outlive all of these. Any thread.
class etcd_families {
public:
  /// @param labels Static labels of every series.
  explicit etcd_families(prometheus::Registry& registry,
                         const std::map<std::string, std::string>& labels = {});

  /// The series of a client, all at zero in the beginning; they are on the page until nobody has
  /// them any more.
  etcd_metrics_ptr of(const std::string& client);

private:
  friend class etcd_metrics;

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Counter>& watch_restarts_;
  prometheus::Family<prometheus::Histogram>& seconds_;
  std::mutex mutex_;
  std::map<std::string, uint64_t> users_; // by client
};

/// The series of one client. Any thread.
class etcd_metrics {
public:
  etcd_metrics(etcd_families& of, std::string client);
  ~etcd_metrics();
  etcd_metrics(const etcd_metrics&) = delete;
  etcd_metrics& operator=(const etcd_metrics&) = delete;

  /// What has come since the last call.
  /// @param times How long each request took that was answered since then.
  void add(const etcd_counts& x, const std::vector<std::chrono::nanoseconds>& times);

private:
  etcd_families& of_;
  std::string client_;
  prometheus::Counter* requests_ = nullptr;
  std::array<prometheus::Counter*, etcd_counts{}.failures.size()> failures_{};
  prometheus::Counter* watch_restarts_ = nullptr;
  prometheus::Histogram* seconds_ = nullptr;
};

} // namespace pgstatsmon
