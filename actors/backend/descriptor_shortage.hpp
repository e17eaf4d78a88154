// A shortage of descriptors: which backends it keeps out, and what of it is worth a line in the
// log.
#pragma once

#include "messages/backend.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <map>

namespace pgstatsmon {

/// Remembers who was turned away for want of a descriptor. Such a backend asks again within
/// seconds, so one that has not for a minute is gone.
class descriptor_shortage {
public:
  using time_point = caf::actor_clock::time_point;

  enum class news : uint8_t {
    nothing,
    begins, ///< The first backends are kept out.
    lasts,  ///< ... for another ten minutes.
    ended,  ///< Nobody is kept out any more.
  };

  void turned_away(incarnation life, time_point now) { since_.insert_or_assign(life, now); }

  void let_in(incarnation life) { since_.erase(life); }

  /// Backends that are kept out.
  [[nodiscard]] size_t backends() const noexcept { return since_.size(); }

  /// What there is to say. Ask every second or so: that is how long several that are kept out at
  /// once are waited for.
  news look(time_point now) {
    std::erase_if(since_,
                  [now](const auto& x) { return now - x.second > std::chrono::minutes{1}; });
    if (since_.empty())
      return std::exchange(said_, false) ? news::ended : news::nothing;
    if (!std::exchange(said_, true)) {
      last_said_ = now;
      return news::begins;
    }
    if (now - last_said_ < std::chrono::minutes{10})
      return news::nothing;
    last_said_ = now;
    return news::lasts;
  }

private:
  std::map<incarnation, time_point> since_; ///< When each asked last.
  bool said_ = false;
  time_point last_said_;
};

} // namespace pgstatsmon
