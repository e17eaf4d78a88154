// The timetable: when each backend is due, spread over the interval. Pure.
#pragma once

#include "messages/backend.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// Every backend is due once in its interval, at a phase that its identity decides: neither we nor
/// a server that has fifty of them sees them all at once. The interval has 64 moments at which
/// backends fall due, so those of a large fleet still come a few at a time, which costs less than
/// one by one.
class timetable {
public:
  using time_point = caf::actor_clock::time_point;

  /// Moments in an interval at which backends fall due.
  static constexpr int moments = 64;

  /// @param interval Of all, positive.
  explicit timetable(caf::timespan interval) : interval_{interval} {}

  /// A backend is due at its phase from now on.
  /// @param identity As in backend::id.
  void add(incarnation life, std::string_view identity, time_point now);

  /// Harmless for those that are not there.
  void remove(incarnation life);

  /// Another interval for all, from now on.
  void set_interval(caf::timespan interval, time_point now);

  /// A backend's interval is so many times as long as that of all; 1 at first, at least 1.
  void set_pace(incarnation life, double times, time_point now);

  /// The backends that have fallen due, each once however much time has passed; they are due again
  /// in their next interval.
  std::vector<incarnation> take_due(time_point now);

  /// When the next one falls due; nothing without any.
  [[nodiscard]] std::optional<time_point> next() const;

  /// When this one does. It must be there.
  [[nodiscard]] time_point due(incarnation life) const { return lines_.at(life).due; }

  /// How often this one is due. It must be there.
  [[nodiscard]] caf::timespan interval(incarnation life) const {
    return interval_of(lines_.at(life));
  }

  [[nodiscard]] caf::timespan interval() const noexcept { return interval_; }

private:
  struct line {
    uint64_t hash = 0;
    double times = 1;
    time_point due{};
  };

  [[nodiscard]] caf::timespan interval_of(const line& x) const;
  void plan(incarnation life, line& x, time_point now);

  caf::timespan interval_;
  std::unordered_map<incarnation, line> lines_;
  std::set<std::pair<time_point, incarnation>> order_; ///< Of lines_.
};

} // namespace pgstatsmon
