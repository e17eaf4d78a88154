// The SCHEDULER's samples: small polls between two polls, in the same slots and never in their way.
#include "actors/scheduler/scheduler.hpp"

#include <utility>

namespace pgstatsmon {

namespace {

/// What the paces of samples are multiples of.
constexpr caf::timespan unit = std::chrono::seconds{1};

} // namespace

void scheduler_state::plan_samples(incarnation life, const backend& target) {
  auto every = target.collect.sample;
  if (every.count() <= 0 || target.kind != backend_kind::postgres)
    return;
  auto now = self_->clock().now();
  samples_.add(life, target.id, now);
  samples_.set_pace(life, static_cast<double>(every.count()) / static_cast<double>(unit.count()),
                    now);
}

void scheduler_state::make_sample_due(incarnation life, member& who, time_point now) {
  auto superfluous = who.target.collect.sample >= timetable_.interval(life);
  if (superfluous || now < who.paused_until || !who.connection || who.suspect)
    return;
  // Who waits for a poll, or is polled, is sampled by that.
  if (!due_.add(life, false))
    return;
  who.sampling = true;
  who.due = now;
}

bool scheduler_state::take_place(incarnation life, member& who, time_point now) {
  if (due_.add(life, who.suspect)) {
    who.due = now;
    return true;
  }
  if (!who.sampling || who.poll_next)
    return false;
  // A sample that waits gives its place away, one that is in flight is waited for.
  if (due_.is_in_flight(life))
    who.poll_next = true;
  else
    who.sampling = false;
  who.due = now;
  return true;
}

void scheduler_state::sampled(incarnation life, member& who, const poll_report& report) {
  who.sampling = false;
  if (report.polled)
    who.suspect = report.reason == failure::timeout || report.reason == failure::network;
  due_.release(life);
  if (std::exchange(who.poll_next, false) && !draining_)
    due_.add(life, who.suspect);
  pump();
}

} // namespace pgstatsmon
