// Plans of backends that are planned alike: one copy of each.
#pragma once

#include "actors/registry/backend_history.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace pgstatsmon {

/// Servers of one version and one configuration have one plan, which takes some 10 kB. Any thread.
class shared_plans {
public:
  /// The plan that others have, if they have this one. It is forgotten when nobody has it.
  std::shared_ptr<const plan_trace> share(std::shared_ptr<const plan_trace> x);

  /// Plans that somebody has, and at most as many that nobody has any more, or `least`.
  [[nodiscard]] size_t size() const;

  static constexpr size_t least = 64;

private:
  mutable std::mutex mutex_;
  std::unordered_multimap<size_t, std::weak_ptr<const plan_trace>> plans_; ///< By a hash.
  size_t full_ = least; ///< How many there are before those are looked for that nobody has.
};

} // namespace pgstatsmon
