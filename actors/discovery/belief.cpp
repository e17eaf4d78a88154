// The second-look rule.
#include "actors/discovery/belief.hpp"

#include <algorithm>

namespace pgstatsmon {

bool suspicious(size_t before, size_t now, const shrink_settings& limits) {
  if (now == 0)
    return before > 0;
  return before >= limits.at_least
         && static_cast<double>(now) < limits.below * static_cast<double>(before);
}

void belief::assume(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  believed_ = std::move(ids);
}

bool belief::judge(std::vector<std::string> ids, time_point now) {
  std::sort(ids.begin(), ids.end());
  auto confirmed = doubted_ == ids;
  if (!suspicious(believed_.size(), ids.size(), limits_) || (confirmed && now >= second_look_)) {
    doubted_.reset();
    believed_ = std::move(ids);
    return true;
  }
  if (!confirmed) {
    doubted_ = std::move(ids);
    second_look_ = now + limits_.recheck;
  }
  return false;
}

} // namespace pgstatsmon
