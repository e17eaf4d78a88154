// Powers of two, down at once and up with patience.
#include "actors/scheduler/pace.hpp"

#include <algorithm>
#include <cmath>

namespace pgstatsmon {

namespace {

/// Polls in a row before an interval becomes longer.
constexpr uint8_t patience = 3;

/// By how much an interval may be too long, so that it does not follow every wave.
constexpr double slack = 1.5;

pace_reason trouble_of(const liveliness& x) {
  if (x.changed)
    return pace_reason::changed;
  if (x.waiting > 0)
    return pace_reason::waiting;
  return x.lag > pace::much_lag ? pace_reason::lag : pace_reason::transactions;
}

} // namespace

void pace::follow(const liveliness& x, double shortest, double most) {
  if (std::isnan(x.transactions)) {
    *this = {};
    return;
  }
  why_ = trouble_of(x);
  auto wanted = why_ == pace_reason::transactions
                  ? transactions_a_poll / (std::max(x.transactions, 1e-3) * shortest)
                  : 1;
  while (times_ > 1 && (times_ > slack * wanted || times_ > most)) {
    times_ /= 2;
    calm_ = 0;
  }
  calm_ = 2 * times_ <= std::min(wanted, most) ? static_cast<uint8_t>(calm_ + 1) : uint8_t{0};
  if (calm_ == patience) {
    times_ *= 2;
    calm_ = 0;
  }
}

} // namespace pgstatsmon
