// Questions with their limits, and a look every second.
#include "actors/exposition/desk.hpp"

#include "actors/console/answers.hpp"

#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

constexpr caf::timespan look_interval = 1s;

/// Shows clients that nothing happened and that the way to us is open, and finds those that are
/// gone.
constexpr caf::timespan beat_interval = 15s;

/// What the SCHEDULER gets to say how it is, and to take an order.
constexpr caf::timespan status_limit = 2s;

/// What a poll by order may take, waiting for its slot included.
constexpr caf::timespan poll_limit = 30s;

/// Changes of more backends at once are told by having the whole list asked for.
constexpr size_t max_told = 100;

caf::error explained(const caf::error& x) {
  if (x != caf::sec::request_timeout)
    return x;
  return caf::make_error(ec::timeout, std::string{"no answer in time: the SCHEDULER is stuck"});
}

} // namespace

void desk_state::start(desk_arguments arguments) {
  arguments_ = std::move(arguments);
  next_beat_ = self_->clock().now() + beat_interval;
  look();
}

void desk_state::look() {
  self_->delayed_send(self_, look_interval, caf::tick_atom_v);
  say_what_changed();
  if (auto now = self_->clock().now(); now >= next_beat_) {
    next_beat_ = now + beat_interval;
    say_that_we_live();
  }
}

void desk_state::say_what_changed() {
  auto& [scheduler, backends, pulse, journal, events, unix_time, describe] = arguments_;
  auto news = journal->look(*backends->get(), pulse->ready(), unix_time());
  if (news.empty() || events->listeners() == 0)
    return;
  if (news.changed.size() + news.gone.size() > max_told)
    events->publish("reload", "{}");
  else
    events->publish("news", describe(news));
}

void desk_state::say_that_we_live() {
  arguments_.events->publish("beat", fmt::format("{{\"now\":{:.3f}}}", arguments_.unix_time()));
}

void desk_state::ask(const status_question& x) {
  self_->request(arguments_.scheduler, status_limit, caf::get_atom_v)
    .then([done = x.done](const scheduler_status& y) { done(y); },
          [done = x.done](const caf::error& error) { done(explained(error)); });
}

void desk_state::order(const order_question& x) {
  auto fail = [done = x.done](const caf::error& error) { done(explained(error)); };
  auto count = [done = x.done](uint64_t n) { done(std::to_string(n)); };
  const auto& scheduler = arguments_.scheduler;
  if (const auto* poll = std::get_if<poll_order>(&x.order))
    self_->request(scheduler, poll_limit, *poll)
      .then([done = x.done](const poll_report& y) { done(std::string{outcome_of(y)}); }, fail);
  else if (const auto* pause = std::get_if<pause_order>(&x.order))
    self_->request(scheduler, status_limit, *pause).then(count, fail);
  else
    self_->request(scheduler, status_limit, std::get<resume_order>(x.order)).then(count, fail);
}

desk_actor::behavior_type desk(observed_ptr<desk_actor, desk_state> self,
                               desk_arguments arguments) {
  self->state.start(std::move(arguments));
  return {
    [self](const status_question& x) { self->state.ask(x); },
    [self](const order_question& x) { self->state.order(x); },
    [self](caf::tick_atom) { self->state.look(); },
  };
}

void desk_line::connect(desk_actor to) {
  std::lock_guard guard{mutex_};
  desk_ = std::move(to);
}

desk_actor desk_line::desk() const {
  std::lock_guard guard{mutex_};
  return desk_;
}

} // namespace pgstatsmon
