// A histogram with fixed buckets that one thread fills and any thread reads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pgstatsmon {

/// Counts observations in `N` buckets with the given upper bounds, and in one for all that is
/// larger. Relaxed atomics: a reader may see an observation in its bucket and not yet in the sum.
template <size_t N>
class histogram {
public:
  using bounds = std::array<double, N>;

  /// @param upper Upper bounds, ascending, inclusive; must outlive the histogram.
  explicit constexpr histogram(const bounds& upper) noexcept : upper_{&upper} {}

  /// Counts `x`. Only one thread at a time may call this.
  void observe(double x) noexcept {
    auto i =
      static_cast<size_t>(std::lower_bound(upper_->begin(), upper_->end(), x) - upper_->begin());
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    sum_.store(sum_.load(std::memory_order_relaxed) + x, std::memory_order_relaxed);
  }

  [[nodiscard]] const bounds& upper() const noexcept { return *upper_; }

  /// Observations of bucket `i` alone, not cumulative; `i == N` is the one without a bound.
  [[nodiscard]] uint64_t bucket(size_t i) const noexcept {
    return buckets_[i].load(std::memory_order_relaxed);
  }

  /// All observations.
  [[nodiscard]] uint64_t count() const noexcept {
    uint64_t result = 0;
    for (const auto& x : buckets_)
      result += x.load(std::memory_order_relaxed);
    return result;
  }

  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

private:
  const bounds* upper_;
  std::array<std::atomic<uint64_t>, N + 1> buckets_{};
  std::atomic<double> sum_{0};
};

} // namespace pgstatsmon
