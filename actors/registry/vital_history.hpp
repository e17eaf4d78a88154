// The last hour of one backend's vital signs, in little memory.
#pragma once

#include "actors/registry/small_number.hpp"
#include "messages/vital_signs.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace pgstatsmon {

/// How a backend is.
struct vital_now {
  vital_values values; ///< Of the newest poll: counters are the server's own.
  vital_values shown;  ///< The same, of counters what was counted a second since the poll before.
  std::chrono::steady_clock::time_point when; ///< The newest poll was over.
  caf::timespan took{0};                      ///< It took so long.
};

/// How it was for half a minute. NaN is what is not known.
struct vital_point {
  vital_values signs; ///< Of counters the mean of what was counted a second, else the highest.
  double up = std::numeric_limits<double>::quiet_NaN();   ///< For this share of the time.
  double took = std::numeric_limits<double>::quiet_NaN(); ///< The longest poll, s.
};

/// How it was within the hour.
struct vital_hour {
  std::chrono::steady_clock::time_point end; ///< Of the last point, which is under way.
  std::vector<vital_point> points; ///< Oldest first, as far back as there is something known.
};

/// Written by the REGISTRY. Any thread may read it: newest() and hour() are each of one moment, and
/// for as long as they copy (a microsecond) the REGISTRY waits.
class vital_history {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds step{30}; ///< Of a point.
  static constexpr size_t length = 120;           ///< Points.

  // -- for the REGISTRY ---------------------------------------------------------------------------

  /// A poll was answered. A counter that went back was reset: until it is read again, how fast it
  /// grows is not known.
  void add(const vital_reading& x);

  /// A look at whether it is up, about once a second. While it is not, nothing is known of how its
  /// counters grow: what answers next may be another server.
  void look(time_point now, bool up);

  // -- for observers ------------------------------------------------------------------------------

  [[nodiscard]] vital_now newest() const;
  [[nodiscard]] vital_hour hour(time_point now) const;

private:
  /// Of a counter: what it was when it was read last, and what is known of its growth.
  struct counting {
    double last = std::numeric_limits<double>::quiet_NaN();
    time_point when;
    double grown = 0; ///< Within the point that is under way.
    double over = 0;  ///< In so many seconds.
  };

  struct stored_point {
    std::array<small_number, vital_sign_count> signs;
    small_number up;
    small_number took;
  };

  static int64_t number_of(time_point x) noexcept;
  stored_point& place_of(int64_t number) noexcept;
  void advance(time_point now) noexcept;
  void count(vital_sign sign, const vital_reading& x) noexcept;

  mutable std::mutex mutex_;
  vital_now newest_;
  std::array<counting, vital_sign_count> counting_;
  std::array<stored_point, length> points_; ///< By number_of(), as a ring.
  int64_t first_ = 0;                       ///< The first point that there was.
  int64_t number_ = -1;                     ///< The point that is under way; -1: none.
  uint16_t looks_ = 0;                      ///< Within it.
  uint16_t ups_ = 0;                        ///< Of these.
};

// It is there for each backend that has ever answered.
static_assert(sizeof(vital_history) <= size_t{6} * 1024);

} // namespace pgstatsmon
