// A client of etcd: a thread of its own that carries out what the engine decides.
#pragma once

#include "actors/etcd/etcd_api.hpp"
#include "actors/etcd/etcd_engine.hpp"
#include "actors/etcd/etcd_metrics.hpp"
#include "config/etcd_settings.hpp"

#include <future>
#include <memory>
#include <stop_token>
#include <thread>

namespace pgstatsmon {

/// Speaks to an etcd over its JSON gateway, `/v3` of 3.4 and later, with one connection for calls
/// and one for each watch. A call is answered within two of its settings' request_timeout.
class etcd_client : public etcd_api {
public:
  /// @param metrics Gets what it does; may be null.
  explicit etcd_client(etcd_settings how, etcd_metrics_ptr metrics = {});

  /// Whoever waits for an answer is told that the client ends, and no one is called after that.
  /// Not from a callback.
  ~etcd_client() override;
  etcd_client(const etcd_client&) = delete;
  etcd_client& operator=(const etcd_client&) = delete;

  void range(std::string prefix, etcd_done<etcd_range> done) override;
  void put(etcd_put x, etcd_done<etcd_written> done) override;
  void create(std::vector<etcd_create> xs, etcd_done<std::vector<etcd_created>> done) override;
  void remove(std::vector<etcd_remove> xs, etcd_done<std::vector<etcd_removed>> done) override;
  void grant(std::chrono::seconds ttl, etcd_done<etcd_lease> done) override;
  void keepalive(int64_t lease, etcd_done<etcd_lease> done) override;
  void revoke(int64_t lease, etcd_done<etcd_revoked> done) override;
  std::shared_ptr<void> watch(std::string prefix, std::function<bool(std::string_view)> matters,
                              std::function<void()> hint) override;

  /// What it has done so far. Any thread.
  [[nodiscard]] etcd_counts counts() const;

private:
  struct inbox;
  void post(std::function<void(etcd_engine&)> what);
  void submit(etcd_request request, bool first,
              std::function<void(etcd_engine::outcome, etcd_engine::time_point)> done);
  void run(const std::stop_token& stop);

  etcd_settings how_;
  etcd_metrics_ptr metrics_;
  std::shared_ptr<inbox> inbox_;
  std::jthread thread_; // the last, so that it ends first
};

/// Reads a range and waits for it: for threads that may wait. A stop ends the wait.
etcd_result<etcd_range> range_now(etcd_api& of, const std::string& prefix,
                                  const std::stop_token& stop);

} // namespace pgstatsmon
