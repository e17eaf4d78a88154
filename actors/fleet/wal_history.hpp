// Where a writable server was in its WAL, and when: what a standby's lag in seconds is read from.
#pragma once

#include <caf/actor_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgstatsmon {

/// Positions in the WAL over time, as a line of at most `max_points` corners. What is old is kept
/// the more coarsely the older it is, so that a lag of a day is known as well, in proportion, as
/// one of a minute. Between two corners the server is taken to have written evenly.
class wal_history {
public:
  using time_point = caf::actor_clock::time_point;

  /// 16 bytes each.
  static constexpr size_t max_points = 48;

  /// The server is there now. Times that are older than the last one are ignored. A position before
  /// the last one is that of a server that has lost what came after: so has the history.
  void add(time_point when, uint64_t position);

  /// When it left a position, which is when a standby that is there now was last level with it.
  struct age {
    /// Until the newest time that add() was told of, s; 0: it has not left it.
    double seconds = 0;
    bool at_least = false; ///< It had left it before the first look.
  };

  /// Nothing before the first add().
  [[nodiscard]] std::optional<age> since(uint64_t position) const;

  /// The newest time that add() was told of; of an empty history the beginning of time.
  [[nodiscard]] time_point newest() const noexcept {
    return points_.empty() ? time_point{} : points_.back().when;
  }

  [[nodiscard]] size_t points() const noexcept { return points_.size(); }

private:
  struct point {
    time_point when; ///< The last time at which it was there.
    uint64_t position = 0;
  };

  void thin_out();
  [[nodiscard]] static double deviation(const point& before, const point& x, const point& after);

  std::vector<point> points_; ///< Both grow.
  bool idle_ = false;         ///< The last two are one position: since when, and until when.
};

} // namespace pgstatsmon
