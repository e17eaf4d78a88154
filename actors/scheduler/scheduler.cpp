// The SCHEDULER: polls, and the end.
#include "actors/scheduler/scheduler.hpp"

#include "actors/seconds.hpp"
#include "actors/trace_points.hpp"
#include "config/log.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <chrono>

namespace pgstatsmon {

namespace {

/// How long polls may go on when the daemon ends.
constexpr auto drain_limit = std::chrono::seconds{1};

/// What a CONNECTION gets beyond its own limits before its slot is taken back.
constexpr auto spare = std::chrono::seconds{5};

} // namespace

void scheduler_state::start(scheduler_arguments arguments) {
  arguments_ = std::move(arguments);
  follow_interval();
  open_tick();
  beat();
}

void scheduler_state::beat() {
  self_->delayed_send(self_, heartbeat_interval, caf::ping_atom_v);
  if (arguments_.metrics.pulse != nullptr)
    arguments_.metrics.pulse->beat(self_->clock().now());
  look_at_untried();
}

caf::timespan scheduler_state::poll_limit() const {
  // Longer than a CONNECTION's own limits: only an actor that is stuck needs this one.
  return arguments_.options->interval + arguments_.options->connections.query_timeout + spare;
}

void scheduler_state::ready(incarnation life) {
  auto i = members_.find(life);
  if (i == members_.end() || draining_ || self_->clock().now() < i->second.paused_until)
    return;
  take_place(life, i->second, self_->clock().now());
  pump();
}

void scheduler_state::reconfigure(const settings_ptr& options, const catalogue_ptr& queries) {
  arguments_.options = options;
  auto fresh = std::exchange(arguments_.queries, queries) != queries;
  for (const auto& [life, who] : members_)
    if (!fresh && who.connection)
      self_->send(who.connection, reconfigured{options, queries});
  if (fresh) {
    std::vector<backend> all;
    for (const auto& [life, who] : members_)
      all.push_back(who.target);
    for (const auto& target : all)
      add(target);
  }
  if (follow_interval() && !draining_) {
    close_tick();
    open_tick();
  }
  pump();
}

void scheduler_state::make_due(incarnation life, member& who, time_point now) {
  auto& tick = history_.front();
  if (now < who.paused_until) {
    who.metrics->paused = true;
    ++tick.paused;
    return;
  }
  if (go_on(who))
    say_over(who);
  if (!who.connection)
    return;
  ++tick.due;
  if (!who.suspect)
    ++load_.due;
  if (take_place(life, who, now))
    return;
  // The first poll and one by order may be under way near its phase: they stand for this one.
  if (now - who.due < timetable_.interval(life) / 2)
    return;
  if (!who.suspect && !due_.is_in_flight(life))
    ++load_.late;
  ++tick.skipped;
  who.metrics->polls_skipped.fetch_add(1, std::memory_order_relaxed);
}

void scheduler_state::pump() {
  while (auto life = due_.take()) {
    auto& next = members_[*life];
    next.polled = self_->clock().now();
    if (!next.sampling)
      arguments_.metrics.slot_wait->Observe(seconds_of(next.polled - next.due));
    self_
      ->request(next.connection, poll_limit(),
                poll{ticks_, timetable_.interval(*life), next.sampling})
      .then([this, life = *life](const poll_report& report) { polled(life, report); },
            [this, life = *life](const caf::error& error) { unanswered(life, error); });
  }
  count_busy();
  show();
  if (draining_ && due_.in_flight() == 0)
    end_backends();
}

void scheduler_state::polled(incarnation life, const poll_report& report) {
  if (auto i = members_.find(life); i != members_.end()) {
    if (i->second.sampling) {
      sampled(life, i->second, report);
      return;
    }
    count_load(i->second, report);
    i->second.suspect = report.reason == failure::timeout || report.reason == failure::network;
    if (report.reason == failure::none)
      i->second.restarts.reset();
    answer_orders(i->second, report);
  }
  if (report.polled)
    tried(life);
  slot_is_back(life);
}

void scheduler_state::count_load(const member& who, const poll_report& report) {
  if (who.suspect)
    return;
  if (report.polled) {
    load_.held += self_->clock().now() - who.polled;
    ++load_.polled;
  } else if (load_.due > 0) {
    // Without a session there was nothing to do.
    --load_.due;
  }
}

void scheduler_state::unanswered(incarnation life, const caf::error& error) {
  say(spdlog::level::debug, "poll without an answer: {}", caf::to_string(error));
  if (auto i = members_.find(life); i != members_.end()) {
    i->second.sampling = i->second.poll_next = false;
    answer_orders(i->second, caf::make_error(ec::timeout, "the poll had no answer"));
  }
  slot_is_back(life);
}

void scheduler_state::slot_is_back(incarnation life) {
  due_.release(life);
  pump();
}

caf::result<caf::ok_atom> scheduler_state::drain() {
  draining_ = true;
  drained_ = self_->make_response_promise<caf::ok_atom>();
  auto promise = drained_;
  due_.clear_waiting();
  self_->delayed_send(self_, drain_limit, caf::timeout_atom_v);
  pump();
  return promise;
}

void scheduler_state::end_backends() {
  for (auto& [life, who] : members_) {
    answer_orders(who, caf::make_error(ec::timeout, "the daemon ends"));
    leave(life, who);
  }
  members_.clear();
  lives_.clear();
  answer_drain();
}

void scheduler_state::answer_drain() {
  if (draining_ && members_.empty() && leaving_.empty() && drained_.pending())
    drained_.deliver(caf::ok_atom_v);
}

void scheduler_state::show() {
  arguments_.metrics.stretch->Set(overload_.stretch());
  arguments_.metrics.backends->Set(static_cast<double>(members_.size()));
  arguments_.metrics.in_flight->Set(static_cast<double>(due_.in_flight()));
}

scheduler_actor::behavior_type scheduler(observed_ptr<scheduler_actor, scheduler_state> self,
                                         scheduler_arguments arguments) {
  self->set_down_handler([self](const caf::down_msg& x) { self->state.down(x); });
  self->state.start(std::move(arguments));
  return {
    [self](const backend_added& x) { self->state.add(x.value); },
    [self](const backend_removed& x) { self->state.remove(x.id); },
    [self](const backend_changed& x) { self->state.change(x.value); },
    [self](const backend_ready& x) { self->state.ready(x.life); },
    [self](caf::open_atom) { self->state.discovered(); },
    [self](const reconfigured& x) { self->state.reconfigure(x.value, x.queries); },
    [self](const poll_order& x) { return self->state.poll_now(x.backend); },
    [self](const pause_order& x) { return self->state.pause(x); },
    [self](const resume_order& x) { return self->state.resume(x); },
    [self](caf::get_atom) { return self->state.status(); },
    [self](caf::ping_atom) { self->state.beat(); },
    [self](caf::tick_atom, uint64_t number) { self->state.tick(number); },
    [self](caf::pending_atom, uint64_t number) { self->state.fall_due(number); },
    [self](caf::reset_atom, incarnation life) { self->state.restart(life); },
    [self](caf::close_atom) { return self->state.drain(); },
    [self](caf::timeout_atom) { self->state.end_backends(); },
  };
}

} // namespace pgstatsmon
