// One endpoint after the other, each with its own backoff.
#include "actors/etcd/etcd_endpoints.hpp"

#include <algorithm>

namespace pgstatsmon {

std::chrono::milliseconds etcd_backoff(uint32_t failures, double random) {
  constexpr int64_t first_ms = 250;
  constexpr int64_t longest_ms = 10'000;
  auto whole = std::min(first_ms << (std::min(failures, 10U) - 1), longest_ms);
  return std::chrono::milliseconds{
    static_cast<int64_t>(static_cast<double>(whole) * (1 - 0.5 * random))};
}

etcd_endpoints::etcd_endpoints(size_t count, std::function<double()> random)
  : all_(count), random_{std::move(random)} {
  current_ = static_cast<size_t>(random_() * static_cast<double>(count)) % count;
}

std::optional<size_t> etcd_endpoints::pick(time_point now) {
  for (size_t i = 0; i < all_.size(); ++i) {
    auto candidate = (current_ + i) % all_.size();
    if (all_[candidate].not_before <= now) {
      current_ = candidate;
      return candidate;
    }
  }
  return std::nullopt;
}

etcd_endpoints::time_point etcd_endpoints::next() const {
  auto earlier = [](const auto& a, const auto& b) { return a.not_before < b.not_before; };
  return std::min_element(all_.begin(), all_.end(), earlier)->not_before;
}

void etcd_endpoints::failed(size_t i, time_point now) {
  auto& x = all_[i];
  // Several requests that fail together are one failure.
  if (x.not_before > now)
    return;
  ++x.failures;
  x.not_before = now + etcd_backoff(x.failures, random_());
  if (current_ == i)
    current_ = (i + 1) % all_.size();
}

void etcd_endpoints::good(size_t i) {
  all_[i] = {};
}

} // namespace pgstatsmon
