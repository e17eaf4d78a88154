// The SCHEDULER's ticks: turns of the interval, in which each backend falls due once.
#include "actors/scheduler/scheduler.hpp"
#include "actors/seconds.hpp"
#include "actors/trace_points.hpp"
#include "config/log.hpp"

#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// Ticks that are remembered for the console.
constexpr size_t max_history = 20;

} // namespace

void scheduler_state::tick(uint64_t number) {
  if (draining_ || number != ticks_)
    return;
  follow_load();
  close_tick();
  arguments_.metrics.tick_duration->Observe(seconds_of(history_.front().busy));
  open_tick();
  show();
}

void scheduler_state::open_tick() {
  auto now = self_->clock().now();
  history_.push_front({.number = ++ticks_, .began = now});
  if (history_.size() > max_history)
    history_.pop_back();
  load_ = {};
  trace::tick_start();
  // After a halt of the whole machine the ticks that were missed are not made up for.
  auto planned = (ticks_ == 1 ? now : next_tick_) + timetable_.interval();
  next_tick_ = std::max(planned, now);
  if (arguments_.metrics.pulse != nullptr)
    arguments_.metrics.pulse->set_next_tick(next_tick_);
  self_->scheduled_send(self_, next_tick_, caf::tick_atom_v, ticks_);
}

void scheduler_state::close_tick() {
  count_busy();
  history_.front().over = true;
  trace::tick_done();
}

void scheduler_state::count_busy() {
  auto now = self_->clock().now();
  if (busy_since_)
    history_.front().busy += now - *busy_since_;
  busy_since_ = due_.idle() ? std::nullopt : std::optional{now};
}

void scheduler_state::follow_load() {
  auto before = overload_.stretch();
  if (!overload_.end_round(load_))
    return;
  follow_interval();
  say_stretch(before);
}

void scheduler_state::say_stretch(double before) const {
  auto now = overload_.stretch();
  auto seconds = [this](double times) {
    return std::chrono::duration<double>{arguments_.options->interval}.count() * times;
  };
  if (now == 1)
    say(spdlog::level::info, log_event::intervals_back, "every backend is polled each {:g} s again",
        seconds(now));
  else
    say(now > before ? spdlog::level::warn : spdlog::level::info, log_event::intervals_stretched,
        "{} slots do not suffice for {} backends: each is polled every {:g} s and not every {:g} s",
        arguments_.options->connections.max_in_flight, members_.size(), seconds(now), seconds(1));
}

caf::timespan scheduler_state::longest_interval() const {
  // A backend that is polled in time must not look stale.
  return arguments_.options->stale_after / 2;
}

bool scheduler_state::follow_interval() {
  const auto& options = *arguments_.options;
  due_.resize(options.connections.max_in_flight);
  overload_.configure(options.connections.max_in_flight, options.interval, longest_interval());
  auto seconds = std::chrono::duration<double>{options.interval} * overload_.stretch();
  auto interval = std::chrono::duration_cast<caf::timespan>(seconds);
  if (interval == timetable_.interval())
    return false;
  timetable_.set_interval(interval, self_->clock().now());
  next_tick_ = self_->clock().now();
  for (auto& [life, who] : members_)
    show_plan(life, who);
  arm();
  return true;
}

void scheduler_state::follow_pace(incarnation life, member& who, time_point now) {
  const auto& options = *arguments_.options;
  auto& metrics = *who.metrics;
  auto shortest = timetable_.interval();
  auto longest = std::min<caf::timespan>(options.longest_interval, longest_interval());
  if (options.longest_interval == options.interval) {
    who.own_pace = {};
  } else {
    liveliness server;
    if (auto* vitals = metrics.vitals.get(); vitals != nullptr && metrics.up) {
      auto newest = vitals->newest().shown;
      server.transactions = newest[vital_sign::transactions];
      server.waiting = newest[vital_sign::sessions_waiting];
      server.lag = newest[vital_sign::lag];
    }
    server.changed = std::exchange(who.role, metrics.role) != metrics.role;
    who.own_pace.follow(server, seconds_of(shortest),
                        std::max(1.0, seconds_of(longest) / seconds_of(shortest)));
  }
  metrics.pace = who.own_pace.why();
  timetable_.set_pace(life, who.own_pace.times(), now);
}

void scheduler_state::show_plan(incarnation life, const member& who) const {
  who.metrics->interval = timetable_.interval(life);
  who.metrics->next_due = timetable_.due(life);
}

void scheduler_state::arm() {
  auto next = timetable_.next();
  if (auto sample = samples_.next(); sample && (!next || *sample < *next))
    next = sample;
  // A timer that fires too early does no harm.
  if (!next || draining_ || (armed_for_ && *armed_for_ <= *next))
    return;
  armed_for_ = next;
  self_->scheduled_send(self_, *next, caf::pending_atom_v, ++armed_);
}

void scheduler_state::fall_due(uint64_t number) {
  if (draining_ || number != armed_)
    return;
  armed_for_.reset();
  auto now = self_->clock().now();
  for (auto life : timetable_.take_due(now)) {
    auto& who = members_.at(life);
    follow_pace(life, who, now);
    show_plan(life, who);
    make_due(life, who, now);
  }
  for (auto life : samples_.take_due(now))
    make_sample_due(life, members_.at(life), now);
  arm();
  pump();
}

} // namespace pgstatsmon
