// The GATE.
#include "actors/backend/gate.hpp"

#include "actors/backend/lease.hpp"
#include "config/log.hpp"
#include "config/settings.hpp"

#include <prometheus/gauge.h>

#include <chrono>

namespace pgstatsmon {

namespace {

/// How often suspects that wait are let in, a few of them each time, and how often the GATE looks
/// when none waits.
constexpr auto pace_interval = std::chrono::milliseconds{200};
constexpr auto idle_interval = std::chrono::seconds{1};

} // namespace

void gate_state::start(const descriptor_plan& plan, const gate_metrics& metrics, log_summary* alike,
                       uint32_t max_connecting) {
  plan_ = plan;
  metrics_ = metrics;
  alike_ = alike;
  resize(max_connecting);
  pulse();
}

void gate_state::resize(uint32_t max_connecting) {
  admission_.set_limits({.places = max_connecting, .descriptors = plan_.sessions});
  let_in();
}

caf::result<lease_granted> gate_state::request(const lease_request& x) {
  auto promise = self_->make_response_promise<lease_granted>();
  waiting_.emplace(admission_.enter(x.suspect), applicant{x.life, promise});
  let_in();
  return promise;
}

void gate_state::connected(uint64_t ticket) {
  admission_.connected(ticket);
  let_in();
}

void gate_state::returned(uint64_t ticket) {
  admission_.leave(ticket);
  let_in();
}

void gate_state::let_in() {
  auto now = self_->clock().now();
  while (auto turn = admission_.next(now)) {
    auto found = waiting_.extract(turn->request);
    auto& [life, promise] = found.mapped();
    if (turn->let_in) {
      shortage_.let_in(life);
      promise.deliver(lease_granted{std::make_shared<const lease>(self_, turn->request)});
    } else {
      shortage_.turned_away(life, now);
      promise.deliver(caf::make_error(ec::busy, "no file descriptor is left for this backend"));
    }
  }
  show();
}

void gate_state::pulse() {
  let_in();
  auto pause =
    admission_.waiting() > 0 ? caf::timespan{pace_interval} : caf::timespan{idle_interval};
  self_->delayed_send(self_, pause, caf::tick_atom_v);
  say_news();
}

void gate_state::say_news() {
  if (alike_ != nullptr)
    for (const auto& x : alike_->sum_up(self_->clock().now()))
      say(x.level, log_event::backends_alike, "{}", x.text);
  using news = descriptor_shortage::news;
  switch (shortage_.look(self_->clock().now())) {
  case news::nothing: return;
  case news::begins:
  case news::lasts:
    say(
      spdlog::level::err, log_event::descriptors_short,
      "{} backends are not connected, for no descriptor is left: of {} that this process may open, "
      "{} are kept for the page, consoles and files; raise LimitNOFILE= in the unit, or ulimit -n",
      shortage_.backends(), plan_.limit, plan_.reserved());
    return;
  case news::ended:
    say(spdlog::level::info, log_event::descriptors_back, "every backend has a descriptor again");
  }
}

void gate_state::show() const {
  metrics_.connecting->Set(static_cast<double>(admission_.connecting()));
  metrics_.waiting->Set(static_cast<double>(admission_.waiting()));
  metrics_.without_descriptor->Set(static_cast<double>(shortage_.backends()));
}

gate_actor::behavior_type gate(observed_ptr<gate_actor, gate_state> self,
                               const descriptor_plan& plan, const gate_metrics& metrics,
                               log_summary* alike, uint32_t max_connecting) {
  self->state.start(plan, metrics, alike, max_connecting);
  return {
    [self](const lease_request& x) { return self->state.request(x); },
    [self](const lease_connected& x) { self->state.connected(x.ticket); },
    [self](const lease_returned& x) { self->state.returned(x.ticket); },
    [self](const reconfigured& x) { self->state.resize(x.value->connections.max_connecting); },
    [self](caf::tick_atom) { self->state.pulse(); },
  };
}

} // namespace pgstatsmon
