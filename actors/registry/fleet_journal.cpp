// Looks, compares, keeps.
#include "actors/registry/fleet_journal.hpp"

#include "actors/registry/families.hpp"

#include <algorithm>
#include <set>

namespace pgstatsmon {

std::string_view condition_word(const entry& x) noexcept {
  const auto& m = *x.metrics;
  if (auto failed = m.last_failure.load(std::memory_order_relaxed); failed != failure::none)
    return to_string_view(failed);
  if (x.up())
    return "up";
  return m.last_success.load(std::memory_order_relaxed) > 0 ? "down" : "new";
}

fleet_journal::condition fleet_journal::condition_of(const entry& x) {
  const auto& m = *x.metrics;
  return {.name = x.value.name,
          .word = condition_word(x),
          .role = m.role.load(std::memory_order_relaxed),
          .version = m.server_version.load(std::memory_order_relaxed),
          .paused = m.paused.load(std::memory_order_relaxed)};
}

void fleet_journal::compare(const condition& before, const condition& after, double now,
                            std::vector<fleet_change>& to) {
  auto add = [&](const char* what, std::string_view old, std::string_view fresh) {
    to.push_back({now, after.name, what, std::string{old}, std::string{fresh}});
  };
  // Who comes up at last is as expected.
  if (before.word != after.word && !(before.word == "new" && after.word == "up"))
    add("condition", before.word, after.word);
  if (before.role != after.role && before.role != server_role::unknown)
    add("role", to_string_view(before.role), to_string_view(after.role));
  if (before.version != after.version && before.version != 0)
    add("version", version_text(before.version), version_text(after.version));
  if (before.paused != after.paused)
    add("pause", before.paused ? "paused" : "", after.paused ? "paused" : "resumed");
}

fleet_news fleet_journal::look(const entry_list& backends, bool started, double now) {
  fleet_news result;
  std::map<incarnation, condition> all;
  std::set<std::string_view> added;
  for (const auto& x : backends) {
    auto& after = all[x->life] = condition_of(*x);
    auto before = seen_.find(x->life);
    if (before != seen_.end() && before->second == after)
      continue;
    result.changed.push_back(x);
    if (before != seen_.end()) {
      compare(before->second, after, now, result.changes);
      continue;
    }
    added.insert(after.name);
    // As if there had been a look before its first poll.
    if (after.word != "new" && after.word != "up")
      result.changes.push_back({now, after.name, "condition", "new", std::string{after.word}});
  }
  for (const auto& [life, x] : seen_) {
    if (all.contains(life))
      continue;
    // With another configuration it has another life, and is the same for people.
    if (added.erase(x.name) > 0)
      continue;
    result.gone.push_back(x.name);
    result.changes.push_back({now, x.name, "backend", {}, "removed"});
  }
  if (started_)
    for (auto name : added)
      result.changes.push_back({now, std::string{name}, "backend", {}, "added"});
  started_ = started;
  keep(result.changes, now);
  seen_ = std::move(all);
  return result;
}

void fleet_journal::keep(const std::vector<fleet_change>& news, double now) {
  std::lock_guard guard{mutex_};
  for (const auto& x : news)
    changes_.push_front(x);
  while (changes_.size() > max_changes
         || (!changes_.empty() && changes_.back().when < now - kept_seconds))
    changes_.pop_back();
}

std::vector<fleet_change> fleet_journal::changes(double now) const {
  std::lock_guard guard{mutex_};
  std::vector<fleet_change> result;
  std::ranges::copy_if(changes_, std::back_inserter(result),
                       [&](const fleet_change& x) { return x.when >= now - kept_seconds; });
  return result;
}

} // namespace pgstatsmon
