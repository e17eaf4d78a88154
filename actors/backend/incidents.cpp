// Beginnings and ends.
#include "actors/backend/incidents.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pgstatsmon {

std::vector<incident> incidents::polled(const vital_reading& said, double now,
                                        const incident_limits& most) {
  std::vector<incident> ended;
  auto known = [&](vital_sign x) { return said.is_fresh(x) && said.values.has(x); };
  if (known(vital_sign::sessions_waiting)) {
    auto waiting = said.values[vital_sign::sessions_waiting] > 0;
    if (!waiting && std::exchange(blocked_, false))
      ended.push_back({incident::kind::blocking, true, blocked_since_, now - blocked_since_});
    waited_ = waiting ? std::min(waited_ + 1, 2) : 0;
    // Who waits at two polls in a row may wait for long.
    wants_locks_ = waited_ == 2 && (!blocked_ || now - locks_seen_ >= look_again);
  }
  if (known(vital_sign::oldest_transaction)) {
    auto age = said.values[vital_sign::oldest_transaction];
    auto began = now - age;
    auto too_long = age >= most.transaction;
    if (open_ && (!too_long || began > open_since_ + slack)) {
      open_ = false;
      ended.push_back({incident::kind::transaction, true, open_since_, now - open_since_});
    }
    wants_holders_ = too_long && !open_ && std::abs(began - looked_for_) > slack;
    if (wants_holders_)
      looked_for_ = began;
  }
  return ended;
}

bool incidents::wants(look x) const {
  return x == look::locks ? wants_locks_ : wants_holders_;
}

std::optional<incident> incidents::looked(look what, const look_answers& seen, double now,
                                          const incident_limits& most) {
  if (what == look::holders) {
    const auto* longest = longest_transaction(seen);
    auto asked = std::exchange(wants_holders_, false);
    if (!asked || open_ || longest == nullptr || longest->seconds < most.transaction)
      return std::nullopt;
    open_ = true;
    open_since_ = looked_for_ = now - longest->seconds;
    return incident{incident::kind::transaction, false, open_since_, longest->seconds};
  }
  if (!std::exchange(wants_locks_, false))
    return std::nullopt;
  locks_seen_ = now;
  auto longest = longest_wait(seen.locks);
  auto too_long = longest >= most.blocked;
  if (too_long == blocked_)
    return std::nullopt;
  blocked_ = too_long;
  if (!too_long)
    return incident{incident::kind::blocking, true, blocked_since_, now - blocked_since_};
  blocked_since_ = now - longest;
  return incident{incident::kind::blocking, false, blocked_since_, longest};
}

double longest_wait(const std::vector<lock_session>& sessions) {
  double result = 0;
  for (const auto& x : sessions)
    if (!x.blockers.empty())
      result = std::max(result, x.waits);
  return result;
}

const holder* longest_transaction(const look_answers& seen) {
  auto i = std::ranges::find(seen.holders, "longest transaction", &holder::what);
  return i == seen.holders.end() ? nullptr : &*i;
}

} // namespace pgstatsmon
