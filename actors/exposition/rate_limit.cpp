// One point in time says how full the bucket is.
#include "actors/exposition/rate_limit.hpp"

#include <algorithm>

namespace pgstatsmon {

bool rate_limiter::take(clock::time_point now) {
  if (limit_.interval.count() <= 0)
    return true;
  std::lock_guard guard{mutex_};
  auto full = std::max(full_, now) + limit_.interval;
  if (full - now > limit_.interval * limit_.burst)
    return false;
  full_ = full;
  return true;
}

} // namespace pgstatsmon
