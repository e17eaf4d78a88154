// Which of several endpoints is asked, and when one that failed is asked again. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace pgstatsmon {

/// The time before something that has failed is tried again: a quarter of a second after the first
/// failure, doubling up to ten seconds, shortened by up to a half, so that members that lost
/// etcd together do not come back together.
/// @param failures In a row, at least 1.
/// @param random In [0, 1).
std::chrono::milliseconds etcd_backoff(uint32_t failures, double random);

/// Stays with the endpoint that works.
class etcd_endpoints {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param count At least one.
  /// @param random A number in [0, 1), for jitter. The first endpoint is drawn too, so that not all
  /// ask the same.
  etcd_endpoints(size_t count, std::function<double()> random);

  /// The one to be asked now; nothing while all of them wait.
  [[nodiscard]] std::optional<size_t> pick(time_point now);

  /// When the first of them may be asked again.
  [[nodiscard]] time_point next() const;

  void failed(size_t i, time_point now);
  void good(size_t i);

private:
  struct endpoint {
    uint32_t failures = 0; // in a row
    time_point not_before{};
  };

  std::vector<endpoint> all_;
  std::function<double()> random_;
  size_t current_ = 0;
};

} // namespace pgstatsmon
