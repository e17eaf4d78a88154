// Admission: which backend may connect next, while places and descriptors last.
#pragma once

#include <caf/actor_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>

namespace pgstatsmon {

/// The queue in front of the places for connection attempts. Each request gets a ticket and, when
/// its turn comes, is let in or turned away for want of a descriptor. Backends that are known to be
/// dead are suspects: they wait behind the others, hold half of the places at most, and only so
/// many of them are let in a second that thousands cost next to nothing.
class admission {
public:
  using ticket = uint64_t;
  using time_point = caf::actor_clock::time_point;

  struct limits {
    size_t places = 64;              ///< Attempts at once, at least 1.
    uint64_t descriptors = 0;        ///< Of attempts and sessions together, at least 1.
    uint32_t suspects_a_second = 50; ///< At least 1.
  };

  struct decision {
    ticket request = 0;
    bool let_in = false; ///< False: every descriptor is in use. The ticket is void then.
  };

  explicit admission(limits x) : limits_{x} {}

  void set_limits(limits x) { limits_ = x; }

  /// A backend wants to connect.
  ticket enter(bool suspect);

  /// The attempt has succeeded: its place is the next one's, its descriptor stays in use.
  void connected(ticket x);

  /// The attempt or the session is over, or whoever waits does so no more. Harmless when repeated.
  void leave(ticket x);

  /// Whose turn it is. Nothing when none waits or may.
  std::optional<decision> next(time_point now);

  [[nodiscard]] size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] size_t connecting() const noexcept { return connecting_.size(); }
  [[nodiscard]] uint64_t in_use() const noexcept { return connecting_.size() + sessions_.size(); }

private:
  std::optional<ticket> pop(std::deque<ticket>& queue);
  std::optional<ticket> pop_suspect(time_point now);

  limits limits_;
  ticket last_ = 0;
  std::deque<ticket> good_;
  std::deque<ticket> suspects_;
  std::unordered_set<ticket> waiting_;
  std::unordered_set<ticket> connecting_;
  std::unordered_set<ticket> suspects_connecting_; ///< Of connecting_.
  std::unordered_set<ticket> sessions_;
  double credit_ = 0; ///< Suspects that may be let in now.
  time_point credited_;
};

} // namespace pgstatsmon
