// The SCHEDULER's answers to the console: polls and pauses by order, and what it does now.
#include "actors/scheduler/scheduler.hpp"
#include "actors/seconds.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgstatsmon {

namespace {

/// Consoles that may wait for one backend's poll at once.
constexpr size_t max_orders = 16;

caf::error unknown_backend(const std::string& name) {
  return caf::make_error(ec::no_such_backend, "no backend is called " + name);
}

} // namespace

caf::result<poll_report> scheduler_state::poll_now(const std::string& backend_name) {
  auto i = std::ranges::find_if(
    members_, [&](const auto& who) { return who.second.target.name == backend_name; });
  if (i == members_.end())
    return unknown_backend(backend_name);
  auto& [life, who] = *i;
  if (draining_ || !who.connection)
    return caf::make_error(ec::timeout, "the backend's actors are being started again");
  if (who.orders.size() >= max_orders)
    return caf::make_error(ec::busy, "too many consoles wait for a poll of this backend");
  auto promise = who.orders.emplace_back(self_->make_response_promise<poll_report>());
  if (who.sampling && due_.is_in_flight(life)) {
    who.poll_next = true;
  } else {
    who.sampling = false;
    if (due_.add_first(life))
      who.due = self_->clock().now();
  }
  pump();
  return promise;
}

void scheduler_state::answer_orders(member& who, const caf::expected<poll_report>& report) {
  for (auto& promise : std::exchange(who.orders, {}))
    if (report)
      promise.deliver(*report);
    else
      promise.deliver(report.error());
}

bool scheduler_state::each_named(const std::string& backend_name,
                                 const std::function<void(member&)>& act) {
  auto all = backend_name.empty();
  auto found = all;
  for (auto& [life, who] : members_)
    if (all || who.target.name == backend_name) {
      act(who);
      found = true;
    }
  return found;
}

std::string scheduler_state::cluster_of(const member& who) {
  auto server = who.metrics->server();
  return server == nullptr ? std::string{} : server->system;
}

std::string scheduler_state::cluster_of(const std::string& backend_name) const {
  for (const auto& [life, who] : members_)
    if (who.target.name == backend_name)
      return cluster_of(who);
  return {};
}

caf::result<uint64_t> scheduler_state::pause(const pause_order& order) {
  auto until = order.span.count() > 0 ? self_->clock().now() + order.span : time_point::max();
  uint64_t paused = 0;
  auto pause_one = [&](member& who) {
    who.paused_until = until;
    who.metrics->paused.store(true, std::memory_order_relaxed);
    who.disconnected = who.disconnected || order.disconnect;
    say_order(who);
    ++paused;
  };
  if (!each_named(order.backend, pause_one))
    return unknown_backend(order.backend);
  if (order.backend.empty()) {
    all_paused_until_ = until;
    all_disconnected_ = order.disconnect;
    all_pause_over_said_ = false;
  }
  auto cluster = cluster_of(order.backend);
  say(
    spdlog::level::warn, {.event = log_event::paused, .backend = order.backend, .cluster = cluster},
    "polling of {} is paused by order{}{}", order.backend.empty() ? "all backends" : order.backend,
    order.span.count() > 0 ? fmt::format(" for {} s", seconds_of(order.span)) : "",
    order.disconnect ? ", without a connection" : "");
  return paused;
}

void scheduler_state::say_order(const member& who) {
  if (who.connection)
    self_->send(who.connection, session_order{.connect = !who.disconnected});
}

bool scheduler_state::go_on(member& who) {
  who.disconnected = false;
  auto was_paused = who.metrics->paused.exchange(false);
  if (was_paused)
    say_order(who);
  return was_paused;
}

void scheduler_state::say_over(const member& who) {
  auto of_all = who.paused_until == all_paused_until_;
  if (of_all && std::exchange(all_pause_over_said_, true))
    return;
  auto whom = of_all ? std::string{} : who.target.name;
  auto cluster = of_all ? std::string{} : cluster_of(who);
  say(spdlog::level::info, {.event = log_event::resumed, .backend = whom, .cluster = cluster},
      "polling of {} goes on, the pause is over", of_all ? "all backends" : whom);
}

caf::result<uint64_t> scheduler_state::resume(const resume_order& order) {
  uint64_t resumed = 0;
  auto resume_one = [&](member& who) {
    resumed += self_->clock().now() < who.paused_until ? 1 : 0;
    who.paused_until = time_point{};
    go_on(who);
  };
  if (!each_named(order.backend, resume_one))
    return unknown_backend(order.backend);
  if (order.backend.empty())
    all_paused_until_ = time_point{};
  auto cluster = cluster_of(order.backend);
  say(spdlog::level::info,
      {.event = log_event::resumed, .backend = order.backend, .cluster = cluster},
      "polling of {} is resumed", order.backend.empty() ? "all backends" : order.backend);
  return resumed;
}

scheduler_status scheduler_state::status() const {
  auto now = self_->clock().now();
  scheduler_status result;
  result.backends = members_.size();
  result.slots = arguments_.options->connections.max_in_flight;
  result.interval = timetable_.interval();
  result.stretch = overload_.stretch();
  result.next_tick = std::max(next_tick_ - now, time_point::duration{0});
  result.waiting = due_.waiting();
  result.suspects = due_.waiting_suspects();
  result.all_paused = now < all_paused_until_;
  for (const auto& [life, who] : members_) {
    if (due_.is_in_flight(life))
      result.in_flight.push_back({who.target.name, now - who.polled});
    if (now < who.paused_until && who.disconnected)
      result.disconnected.push_back(who.target.name);
    if (now < who.paused_until)
      result.paused.push_back({who.target.name, who.paused_until == time_point::max()
                                                  ? caf::timespan{0}
                                                  : caf::timespan{who.paused_until - now}});
  }
  std::ranges::sort(result.in_flight, std::greater{}, &named_span::span);
  auto busy_now = busy_since_ ? now - *busy_since_ : caf::timespan{0};
  for (const auto& tick : history_)
    result.ticks.push_back({tick.number, now - tick.began,
                            tick.over ? tick.busy : tick.busy + busy_now, tick.over, tick.due,
                            tick.skipped, tick.paused});
  return result;
}

} // namespace pgstatsmon
