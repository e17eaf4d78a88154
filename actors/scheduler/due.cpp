// The queue in front of the slots.
#include "actors/scheduler/due.hpp"

namespace pgstatsmon {

bool due_queue::add(incarnation life, bool suspect) {
  if (in_flight_.contains(life) || !waiting_.insert(life).second)
    return false;
  (suspect ? suspects_ : good_).push_back(life);
  return true;
}

std::optional<incarnation> due_queue::take() {
  if (in_flight_.size() >= slots_)
    return std::nullopt;
  if (auto life = pop(good_)) {
    in_flight_.insert(*life);
    return life;
  }
  if (suspects_in_flight_.size() >= (slots_ + 1) / 2)
    return std::nullopt;
  if (auto life = pop(suspects_)) {
    in_flight_.insert(*life);
    suspects_in_flight_.insert(*life);
    return life;
  }
  return std::nullopt;
}

void due_queue::release(incarnation life) {
  // A queue entry of a backend that no longer waits is dropped by pop().
  waiting_.erase(life);
  in_flight_.erase(life);
  suspects_in_flight_.erase(life);
}

void due_queue::clear_waiting() {
  waiting_.clear();
  good_.clear();
  suspects_.clear();
}

std::optional<incarnation> due_queue::pop(std::deque<incarnation>& queue) {
  while (!queue.empty()) {
    auto life = queue.front();
    queue.pop_front();
    if (waiting_.erase(life) > 0)
      return life;
  }
  return std::nullopt;
}

} // namespace pgstatsmon
