// Remembering within bounds.
#include "actors/fleet/expected_standbys.hpp"

#include <algorithm>
#include <utility>

namespace pgstatsmon {

void expected_standbys::begin() {
  for (auto& [key, x] : all_)
    x.attached = false;
}

void expected_standbys::seen(const std::string& key, std::string name, std::string upstream,
                             double now) {
  if (!all_.contains(key) && !make_place())
    return;
  all_.insert_or_assign(key, expected_standby{std::move(name), std::move(upstream), now, true});
}

/// Who is missed for the longest time goes first; who is there never does.
bool expected_standbys::make_place() {
  if (all_.size() < most)
    return true;
  auto rank = [](const auto& x) { return std::pair{x.second.attached, x.second.last_attached}; };
  auto oldest = std::ranges::min_element(all_, {}, rank);
  if (oldest->second.attached)
    return false;
  all_.erase(oldest);
  return true;
}

void expected_standbys::end(double now) {
  std::erase_if(all_, [&](const auto& x) {
    return !x.second.attached && now - x.second.last_attached > memory;
  });
}

} // namespace pgstatsmon
