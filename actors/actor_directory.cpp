// Who lives, and whose successor it is.
#include "actors/actor_directory.hpp"

#include <algorithm>

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
  auto before =
    std::ranges::find_if(died_, [&](const death& y) { return y.kind == x.kind && y.of == x.of; });
  if (before == died_.end())
    return;
  x.restarts = before->restarts + 1;
  died_.erase(before);
}

void actor_directory::remove(uint64_t id, bool died) {
  std::lock_guard guard{mutex_};
  auto i = live_.find(id);
  if (i == live_.end())
    return;
  if (died) {
    if (died_.size() == max_died)
      died_.pop_front();
    died_.push_back({std::move(i->second.kind), std::move(i->second.of), i->second.restarts});
  }
  live_.erase(i);
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
