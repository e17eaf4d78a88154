// A map and a clock.
#include "actors/cluster/lingering.hpp"

#include <utility>

namespace pgstatsmon {

void lingering::keep(entry_ptr x, time_point until) {
  std::lock_guard guard{mutex_};
  auto name = x->value.name;
  all_.insert_or_assign(std::move(name), kept{std::move(x), until});
}

void lingering::forget(const std::string& name) {
  std::lock_guard guard{mutex_};
  all_.erase(name);
}

void lingering::sweep(time_point now) {
  std::lock_guard guard{mutex_};
  std::erase_if(all_, [now](const auto& x) { return x.second.until <= now; });
}

void lingering::follow(const owner_finder& owner_of, time_point now) {
  std::lock_guard guard{mutex_};
  for (auto& [name, x] : all_) {
    auto owner = owner_of(x.value->value.id);
    auto same = owner == nullptr ? x.owner == nullptr : x.owner != nullptr && *owner == *x.owner;
    if (same)
      continue;
    x.owner = std::move(owner);
    x.owned_since = now;
  }
}

left_backend lingering::find(std::string_view name, time_point now) const {
  std::lock_guard guard{mutex_};
  auto i = all_.find(std::string{name});
  if (i == all_.end() || i->second.until <= now)
    return {};
  const auto& x = i->second;
  return {x.value, now - x.owned_since < first_poll ? nullptr : x.owner};
}

} // namespace pgstatsmon
