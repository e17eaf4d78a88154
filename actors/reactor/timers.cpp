// CAF's own schedule of timers, for more than one thread.
#include "actors/reactor/timers.hpp"

#include <utility>

namespace pgstatsmon {

using caf::detail::simple_actor_clock;

void timers::set_ordinary_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                                  uint64_t id) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::set_ordinary_timeout(when, self, type, id);
}

void timers::set_multi_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                               uint64_t id) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::set_multi_timeout(when, self, type, id);
}

void timers::set_request_timeout(time_point when, caf::abstract_actor* self, caf::message_id id) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::set_request_timeout(when, self, id);
}

void timers::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::cancel_ordinary_timeout(self, type);
}

void timers::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::cancel_request_timeout(self, id);
}

void timers::cancel_timeouts(caf::abstract_actor* self) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::cancel_timeouts(self);
}

void timers::schedule_message(time_point when, caf::strong_actor_ptr receiver,
                              caf::mailbox_element_ptr content) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::schedule_message(when, std::move(receiver), std::move(content));
}

void timers::schedule_message(time_point when, caf::group target, caf::strong_actor_ptr sender,
                              caf::message content) {
  std::lock_guard guard{mutex_};
  simple_actor_clock::schedule_message(when, std::move(target), std::move(sender),
                                       std::move(content));
}

void timers::cancel_all() {
  schedule_map dropped; // ends without the lock: an actor's end may come here
  std::lock_guard guard{mutex_};
  actor_lookup_.clear();
  dropped.swap(schedule_);
}

void timers::send_due(time_point now) {
  while (auto x = take_due(now))
    ship(*x);
}

std::optional<timers::time_point> timers::next() const {
  std::lock_guard guard{mutex_};
  return schedule_.empty() ? std::nullopt : std::optional{schedule_.begin()->first};
}

timers::unique_delayed_event_ptr timers::take_due(time_point now) {
  std::lock_guard guard{mutex_};
  auto first = schedule_.begin();
  if (first == schedule_.end() || first->first > now)
    return nullptr;
  auto result = std::move(first->second);
  if (result->backlink != actor_lookup_.end())
    actor_lookup_.erase(result->backlink);
  schedule_.erase(first);
  return result;
}

} // namespace pgstatsmon
