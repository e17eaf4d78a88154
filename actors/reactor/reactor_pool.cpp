// How work and timers are spread over the REACTORs.
#include "actors/reactor/reactor_pool.hpp"

#include <caf/abstract_actor.hpp>

#include <functional>
#include <utility>

namespace pgstatsmon {

reactor& reactor_clock::here() const {
  auto* mine = reactor::here();
  return mine != nullptr ? *mine : *all_.front();
}

reactor& reactor_clock::of(const caf::abstract_actor& self) const {
  return *all_[self.id() % all_.size()];
}

void reactor_clock::set_ordinary_timeout(time_point when, caf::abstract_actor* self,
                                         caf::atom_value type, uint64_t id) {
  auto& to = of(*self);
  to.delayed().set_ordinary_timeout(when, self, type, id);
  to.look_again();
}

void reactor_clock::set_multi_timeout(time_point when, caf::abstract_actor* self,
                                      caf::atom_value type, uint64_t id) {
  auto& to = of(*self);
  to.delayed().set_multi_timeout(when, self, type, id);
  to.look_again();
}

void reactor_clock::set_request_timeout(time_point when, caf::abstract_actor* self,
                                        caf::message_id id) {
  auto& to = of(*self);
  to.delayed().set_request_timeout(when, self, id);
  to.look_again();
}

void reactor_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  of(*self).delayed().cancel_ordinary_timeout(self, type);
}

void reactor_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  of(*self).delayed().cancel_request_timeout(self, id);
}

void reactor_clock::cancel_timeouts(caf::abstract_actor* self) {
  of(*self).delayed().cancel_timeouts(self);
}

void reactor_clock::schedule_message(time_point when, caf::strong_actor_ptr receiver,
                                     caf::mailbox_element_ptr content) {
  auto& to = here();
  to.delayed().schedule_message(when, std::move(receiver), std::move(content));
  to.look_again();
}

void reactor_clock::schedule_message(time_point when, caf::group target,
                                     caf::strong_actor_ptr sender, caf::message content) {
  auto& to = here();
  to.delayed().schedule_message(when, std::move(target), std::move(sender), std::move(content));
  to.look_again();
}

void reactor_clock::cancel_all() {
  for (const auto& x : all_)
    x->delayed().cancel_all();
}

caf::actor_system::module* reactor_pool::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new reactor_pool{system};
}

reactor_pool* reactor_pool::of(caf::actor_system& system) {
  return dynamic_cast<reactor_pool*>(&system.scheduler());
}

reactor* reactor_pool::home_of(std::string_view name) const noexcept {
  return all_[std::hash<std::string_view>{}(name) % all_.size()].get();
}

void reactor_pool::enqueue(caf::resumable* job) {
  auto* mine = reactor::here();
  auto& to = mine != nullptr ? *mine : *all_[next_worker_++ % all_.size()];
  to.exec_later(job);
}

void reactor_pool::start() {
  for (size_t i = 0; i < num_workers(); ++i)
    all_.push_back(std::make_unique<reactor>(system()));
  for (const auto& x : all_)
    x->start();
  abstract_coordinator::start();
}

void reactor_pool::stop() {
  stop_actors();
  for (const auto& x : all_)
    x->stop();
}

void reactor_pool::watch(int socket, uint32_t events, socket_user user, uint64_t number) {
  auto* mine = reactor::here();
  auto& to = mine != nullptr ? *mine : *all_[static_cast<size_t>(socket) % all_.size()];
  to.watch(socket, events, std::move(user), number);
}

void reactor_pool::forget(int socket) {
  for (const auto& x : all_)
    x->forget(socket);
}

} // namespace pgstatsmon
