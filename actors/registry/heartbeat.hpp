// The heartbeat that proves that the daemon works: written by the SCHEDULER, read by any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace pgstatsmon {

/// How often the SCHEDULER shows that it makes progress, polls or not.
constexpr std::chrono::seconds heartbeat_interval{1};

/// A SCHEDULER without a heartbeat for this long is stalled.
constexpr std::chrono::seconds heartbeat_limit{5};

/// Any thread may read and write it.
class heartbeat {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param start Counts as the first heartbeat's time until there is one.
  explicit heartbeat(time_point start) : last_{start} {}

  /// A heartbeat.
  void beat(time_point now) noexcept {
    last_.store(now, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Heartbeats since the start.
  [[nodiscard]] uint64_t beats() const noexcept { return count_.load(std::memory_order_relaxed); }

  /// Whether the last heartbeat is recent.
  [[nodiscard]] bool healthy(time_point now) const noexcept {
    return now - last_.load(std::memory_order_relaxed) <= heartbeat_limit;
  }

  /// When every backend is due again. Zero before the SCHEDULER has started.
  void set_next_tick(time_point x) noexcept { next_tick_.store(x, std::memory_order_relaxed); }
  [[nodiscard]] time_point next_tick() const noexcept {
    return next_tick_.load(std::memory_order_relaxed);
  }

  /// When the last heartbeat was.
  [[nodiscard]] time_point last_beat() const noexcept {
    return last_.load(std::memory_order_relaxed);
  }

  /// A source told its list, and every backend on it has been tried once.
  void set_ready() noexcept { ready_.store(true, std::memory_order_relaxed); }

  /// Whether set_ready() was called.
  [[nodiscard]] bool ready() const noexcept { return ready_.load(std::memory_order_relaxed); }

private:
  std::atomic<time_point> last_;
  std::atomic<uint64_t> count_ = 0;
  std::atomic<time_point> next_tick_{time_point{}};
  std::atomic<bool> ready_ = false;
};

} // namespace pgstatsmon
