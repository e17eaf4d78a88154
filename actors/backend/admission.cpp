// The queue in front of the places, with two lanes and a pace.
#include "actors/backend/admission.hpp"

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

admission::ticket admission::enter(bool suspect) {
  auto result = ++last_;
  waiting_.insert(result);
  (suspect ? suspects_ : good_).push_back(result);
  return result;
}

void admission::connected(ticket x) {
  if (connecting_.erase(x) == 0)
    return;
  suspects_connecting_.erase(x);
  sessions_.insert(x);
}

void admission::leave(ticket x) {
  // A queue entry of a ticket that no longer waits is dropped by pop().
  waiting_.erase(x);
  connecting_.erase(x);
  suspects_connecting_.erase(x);
  sessions_.erase(x);
}

std::optional<admission::decision> admission::next(time_point now) {
  if (connecting_.size() >= limits_.places)
    return std::nullopt;
  auto turn = pop(good_);
  auto suspect = !turn.has_value();
  if (suspect)
    turn = pop_suspect(now);
  if (!turn)
    return std::nullopt;
  auto let_in = in_use() < limits_.descriptors;
  if (let_in)
    connecting_.insert(*turn);
  if (let_in && suspect)
    suspects_connecting_.insert(*turn);
  return decision{.request = *turn, .let_in = let_in};
}

std::optional<admission::ticket> admission::pop(std::deque<ticket>& queue) {
  while (!queue.empty()) {
    auto front = queue.front();
    queue.pop_front();
    if (waiting_.erase(front) > 0)
      return front;
  }
  return std::nullopt;
}

std::optional<admission::ticket> admission::pop_suspect(time_point now) {
  if (suspects_connecting_.size() >= (limits_.places + 1) / 2)
    return std::nullopt;
  // What was not used is kept for a second, so that a few suspects never wait for the pace.
  double most = limits_.suspects_a_second;
  auto passed = std::chrono::duration<double>{now - credited_}.count();
  credit_ = std::min(most, credit_ + passed * most);
  credited_ = now;
  if (credit_ < 1)
    return std::nullopt;
  auto result = pop(suspects_);
  if (result)
    credit_ -= 1;
  return result;
}

} // namespace pgstatsmon
