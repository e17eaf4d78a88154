// Who lives, and whose successor it is.
#include "actors/actor_directory.hpp"

namespace pgstatsmon {

void actor_directory::add(std::shared_ptr<const actor_record> record, std::string kind) {
  std::lock_guard guard{mutex_};
  auto id = record->id();
  live_.insert_or_assign(id, listed_actor{.kind = std::move(kind), .record = std::move(record)});
}

void actor_directory::describe(uint64_t id, std::string of) {
  std::lock_guard guard{mutex_};
  auto i = live_.find(id);
  if (i == live_.end())
    return;
  auto& x = i->second;
  x.of = std::move(of);
  auto before = died_.find({x.kind, x.of});
  if (before == died_.end())
    return;
  x.restarts = before->second.restarts + 1;
  deaths_.erase(before->second.number);
  died_.erase(before);
}

void actor_directory::remove(uint64_t id, bool died) {
  std::lock_guard guard{mutex_};
  auto i = live_.find(id);
  if (i == live_.end())
    return;
  if (died)
    bury(std::move(i->second));
  live_.erase(i);
}

void actor_directory::bury(listed_actor x) {
  auto [i, fresh] = died_.try_emplace({std::move(x.kind), std::move(x.of)});
  if (!fresh)
    deaths_.erase(i->second.number);
  i->second = {x.restarts, ++last_death_};
  deaths_.emplace(last_death_, i);
  if (died_.size() <= max_died)
    return;
  died_.erase(deaths_.begin()->second);
  deaths_.erase(deaths_.begin());
}

std::vector<listed_actor> actor_directory::list() const {
  std::lock_guard guard{mutex_};
  std::vector<listed_actor> result;
  result.reserve(live_.size());
  for (const auto& [id, x] : live_)
    result.push_back(x);
  return result;
}

} // namespace pgstatsmon
