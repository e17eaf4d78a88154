// Readings become points; a ring holds the last ones.
#include "actors/registry/vital_history.hpp"

#include "actors/seconds.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

void raise(small_number& to, double x) noexcept {
  if (!(to.value() >= x))
    to = small_number{x};
}

} // namespace

int64_t vital_history::number_of(time_point x) noexcept {
  return std::chrono::floor<std::chrono::seconds>(x.time_since_epoch()) / step;
}

vital_history::stored_point& vital_history::place_of(int64_t number) noexcept {
  return points_[static_cast<size_t>(number) % length];
}

// What comes late, as a look was quicker than the poll's end, goes to the point that is under way.
void vital_history::advance(time_point now) noexcept {
  auto number = number_of(now);
  if (number <= number_)
    return;
  if (number_ < 0)
    first_ = number;
  auto oldest = number - static_cast<int64_t>(length) + 1;
  for (auto i = std::max({number_ + 1, first_, oldest}); i <= number; ++i)
    place_of(i) = {};
  number_ = number;
  looks_ = 0;
  ups_ = 0;
  for (auto& x : counting_) {
    x.grown = 0;
    x.over = 0;
  }
}

void vital_history::count(vital_sign sign, const vital_reading& x) noexcept {
  auto& state = counting_[index_of(sign)];
  auto& rate = newest_.shown[sign];
  auto value = x.values[sign];
  if (std::isnan(value)) {
    state.last = unknown;
    rate = unknown;
    return;
  }
  if (!x.is_fresh(sign))
    return;
  auto grown = value - state.last;
  auto over = seconds_of(x.when - state.when);
  rate = grown >= 0 && over > 0 ? grown / over : unknown;
  state.last = value;
  state.when = x.when;
  if (std::isnan(rate))
    return;
  state.grown += grown;
  state.over += over;
  place_of(number_).signs[index_of(sign)] = small_number{state.grown / state.over};
}

void vital_history::add(const vital_reading& x) {
  std::lock_guard guard{mutex_};
  advance(x.when);
  newest_.values = x.values;
  newest_.when = x.when;
  newest_.took = x.took;
  auto& point = place_of(number_);
  raise(point.took, seconds_of(x.took));
  for (const auto& [sign, name, title, counter, unit] : all_vital_signs) {
    if (counter) {
      count(sign, x);
      continue;
    }
    newest_.shown[sign] = x.values[sign];
    if (x.values.has(sign))
      raise(point.signs[index_of(sign)], x.values[sign]);
  }
}

void vital_history::look(time_point now, bool up) {
  std::lock_guard guard{mutex_};
  advance(now);
  ++looks_;
  ups_ = static_cast<uint16_t>(ups_ + (up ? 1 : 0));
  place_of(number_).up = small_number{static_cast<double>(ups_) / looks_};
  if (up)
    return;
  for (const auto& x : all_vital_signs)
    if (x.counter) {
      counting_[index_of(x.sign)].last = unknown;
      newest_.shown[x.sign] = unknown;
    }
}

vital_now vital_history::newest() const {
  std::lock_guard guard{mutex_};
  return newest_;
}

vital_hour vital_history::hour(time_point now) const {
  vital_hour result;
  std::vector<stored_point> copied;
  copied.reserve(length); // not while the REGISTRY waits
  {
    std::lock_guard guard{mutex_};
    if (number_ < 0)
      return result;
    auto last = std::max(number_of(now), number_);
    result.end = time_point{step * (last + 1)};
    auto oldest = last - static_cast<int64_t>(length) + 1;
    for (auto i = std::max(first_, oldest); i <= last; ++i)
      copied.push_back(i <= number_ ? points_[static_cast<size_t>(i) % length] : stored_point{});
  }
  for (const auto& x : copied) {
    auto& point = result.points.emplace_back();
    std::ranges::transform(x.signs, point.signs.all.begin(), &small_number::value);
    point.up = x.up.value();
    point.took = x.took.value();
  }
  return result;
}

} // namespace pgstatsmon
