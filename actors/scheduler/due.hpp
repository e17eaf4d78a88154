// What is due: which backends wait for a slot, in which order, and how many slots are taken.
#pragma once

#include "messages/backend.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <set>

namespace pgstatsmon {

/// The queue in front of the slots. Backends whose last poll failed are suspects: they wait behind
/// the others and may hold half of the slots at most, so that a row of dying servers never takes
/// them all.
class due_queue {
public:
  /// @param slots Polls at once, at least 1.
  explicit due_queue(size_t slots) : slots_{slots} {}

  void resize(size_t slots) { slots_ = slots; }

  /// Makes a backend wait for a slot.
  /// @returns false when it waits already, or is in flight.
  bool add(incarnation life, bool suspect);

  /// Makes a backend the next to get a slot, whether it waits already or not.
  /// @returns false when it is in flight.
  bool add_first(incarnation life);

  /// The next backend to poll; it holds a slot until release(). Nothing when none waits or may.
  std::optional<incarnation> take();

  /// Gives a slot back, or forgets a backend that waits. Harmless for others.
  void release(incarnation life);

  /// Forgets every backend that waits.
  void clear_waiting();

  [[nodiscard]] size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] bool is_in_flight(incarnation life) const { return in_flight_.contains(life); }
  [[nodiscard]] size_t waiting() const noexcept { return waiting_.size(); }

  /// Of those that wait, the suspects.
  [[nodiscard]] size_t waiting_suspects() const;
  [[nodiscard]] bool idle() const noexcept { return in_flight_.empty() && waiting_.empty(); }

private:
  std::optional<incarnation> pop(std::deque<incarnation>& queue);

  size_t slots_;
  std::deque<incarnation> good_;
  std::deque<incarnation> suspects_;
  std::set<incarnation> waiting_;
  std::set<incarnation> in_flight_;
  std::set<incarnation> suspects_in_flight_;
};

} // namespace pgstatsmon
