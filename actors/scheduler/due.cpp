// The queue in front of the slots.
#include "actors/scheduler/due.hpp"

#include <algorithm>

namespace pgstatsmon {

bool due_queue::add(incarnation life, bool suspect) {
  if (in_flight_.contains(life) || !waiting_.insert(life).second)
    return false;
  (suspect ? suspects_ : good_).push_back(life);
  return true;
}

bool due_queue::add_first(incarnation life) {
  if (in_flight_.contains(life))
    return false;
  // What stands further behind is dropped by pop(), since by then it no longer waits.
  waiting_.insert(life);
  good_.push_front(life);
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

size_t due_queue::waiting_suspects() const {
  auto waits = [this](incarnation x) { return waiting_.contains(x); };
  return static_cast<size_t>(std::ranges::count_if(suspects_, waits));
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
