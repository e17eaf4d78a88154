// Found by a hash of what they say.
#include "actors/registry/shared_plans.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace pgstatsmon {

namespace {

size_t hash_of(const plan_trace& x) {
  size_t result = x.size();
  auto add = [&](size_t y) { result = result * 31 + y; };
  for (const auto& query : x) {
    add(query.variant ? *query.variant + 1 : 0);
    add(query.stretch);
    add(std::hash<std::string>{}(query.why));
    add(std::hash<std::string>{}(query.elsewhere));
  }
  return result;
}

} // namespace

std::shared_ptr<const plan_trace> shared_plans::share(std::shared_ptr<const plan_trace> x) {
  auto hash = hash_of(*x);
  std::lock_guard guard{mutex_};
  if (plans_.size() >= full_) {
    std::erase_if(plans_, [](const auto& entry) { return entry.second.expired(); });
    full_ = std::max(least, 2 * plans_.size());
  }
  auto [i, end] = plans_.equal_range(hash);
  for (; i != end; ++i)
    if (auto known = i->second.lock(); known != nullptr && *known == *x)
      return known;
  plans_.emplace(hash, x);
  return x;
}

size_t shared_plans::size() const {
  std::lock_guard guard{mutex_};
  return plans_.size();
}

} // namespace pgstatsmon
