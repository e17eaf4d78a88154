// Steps up at need, down with patience.
#include "actors/scheduler/overload.hpp"

#include "actors/seconds.hpp"

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

constexpr std::array<double, 13> steps{1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16};

/// Late rounds in a row that are no accident.
constexpr uint32_t enough_late = 2;

constexpr uint32_t least_patience = 6;
constexpr uint32_t most_patience = 360;

/// What polls may take of the slots' time after a rise, and before a fall at the step below.
constexpr double full_share = 0.85;
constexpr double roomy_share = 0.7;

} // namespace

double overload::stretch() const noexcept {
  return steps[step_];
}

bool overload::is_allowed(size_t step) const {
  return step < steps.size() && seconds_of(interval_) * steps[step] <= seconds_of(longest_);
}

void overload::configure(size_t slots, caf::timespan interval, caf::timespan longest) {
  slots_ = slots;
  interval_ = interval;
  longest_ = longest;
  while (step_ > 0 && !is_allowed(step_))
    --step_;
}

bool overload::end_round(const round_load& x) {
  auto each = x.polled > 0 ? seconds_of(x.held) / static_cast<double>(x.polled) : 0;
  // In intervals: how long polling all that are due takes with all slots.
  auto needed =
    each * static_cast<double>(x.due) / (static_cast<double>(slots_) * seconds_of(interval_));
  late_ = x.late > 0 ? late_ + 1 : 0;
  lowered_ = std::min(lowered_ + 1, most_patience);
  return late_ > 0 ? raise(needed) : lower(needed);
}

bool overload::raise(double needed) {
  roomy_ = 0;
  if (late_ < enough_late || !is_allowed(step_ + 1))
    return false;
  // It was lowered too early.
  if (lowered_ < 2 * patience_)
    patience_ = std::min(2 * patience_, most_patience);
  late_ = 0;
  ++step_;
  while (is_allowed(step_ + 1) && needed > full_share * steps[step_])
    ++step_;
  return true;
}

bool overload::lower(double needed) {
  if (step_ == 0) {
    // A quiet hour or so makes up for what was.
    if (lowered_ == most_patience)
      patience_ = least_patience;
    return false;
  }
  roomy_ = needed <= roomy_share * steps[step_ - 1] ? roomy_ + 1 : 0;
  if (roomy_ < patience_)
    return false;
  roomy_ = 0;
  lowered_ = 0;
  --step_;
  return true;
}

} // namespace pgstatsmon
