// Adding corners to the line, and taking out those that say least.
#include "actors/fleet/wal_history.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace pgstatsmon {

namespace {

double seconds_between(wal_history::time_point from, wal_history::time_point to) {
  return std::chrono::duration<double>{to - from}.count();
}

} // namespace

void wal_history::add(time_point when, uint64_t position) {
  if (!points_.empty() && when <= points_.back().when)
    return;
  while (!points_.empty() && points_.back().position > position) {
    points_.pop_back();
    idle_ = false;
  }
  // Since when, and until when, make a pause a straight line of its own.
  if (!points_.empty() && points_.back().position == position) {
    if (idle_)
      points_.back().when = when;
    else
      points_.push_back({when, position});
    idle_ = true;
  } else {
    points_.push_back({when, position});
    idle_ = false;
  }
  if (points_.size() > max_points)
    thin_out();
}

/// How far off the time of a position would be without its point, s.
double wal_history::deviation(const point& before, const point& x, const point& after) {
  if (after.position == before.position)
    return 0;
  auto share = static_cast<double>(x.position - before.position)
               / static_cast<double>(after.position - before.position);
  return std::abs(seconds_between(before.when, x.when)
                  - share * seconds_between(before.when, after.when));
}

void wal_history::thin_out() {
  auto now = points_.back().when;
  auto least = std::numeric_limits<double>::infinity();
  size_t found = 1;
  // The first stays, as it says how far back all of it goes, and so do the newest.
  for (size_t i = 1; i + 2 < points_.size(); ++i) {
    auto cost = deviation(points_[i - 1], points_[i], points_[i + 1])
                / std::max(seconds_between(points_[i].when, now), 1.0);
    if (cost < least) {
      least = cost;
      found = i;
    }
  }
  points_.erase(points_.begin() + static_cast<ptrdiff_t>(found));
}

std::optional<wal_history::age> wal_history::since(uint64_t position) const {
  if (points_.empty())
    return std::nullopt;
  const auto& last = points_.back();
  if (position >= last.position)
    return age{};
  auto after = std::ranges::upper_bound(points_, position, {}, &point::position);
  if (after == points_.begin())
    return age{seconds_between(after->when, last.when), true};
  const auto& before = *std::prev(after);
  auto share = static_cast<double>(position - before.position)
               / static_cast<double>(after->position - before.position);
  return age{seconds_between(before.when, last.when)
             - share * seconds_between(before.when, after->when)};
}

} // namespace pgstatsmon
