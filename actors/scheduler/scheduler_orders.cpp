// The SCHEDULER's answers to the console: polls and pauses by order, and what it does now.
#include "actors/scheduler/scheduler.hpp"
#include "config/log.hpp"

#include <algorithm>

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
    members_, [&](const auto& x) { return x.second.target.name == backend_name; });
  if (i == members_.end())
    return unknown_backend(backend_name);
  auto& [life, x] = *i;
  if (draining_ || !x.connection)
    return caf::make_error(ec::timeout, "the backend's actors are being started again");
  if (x.orders.size() >= max_orders)
    return caf::make_error(ec::busy, "too many consoles wait for a poll of this backend");
  auto promise = x.orders.emplace_back(self_->make_response_promise<poll_report>());
  due_.add_first(life);
  pump();
  return promise;
}

void scheduler_state::answer_orders(member& x, const caf::expected<poll_report>& report) {
  for (auto& promise : std::exchange(x.orders, {}))
    if (report)
      promise.deliver(*report);
    else
      promise.deliver(report.error());
}

bool scheduler_state::each_named(const std::string& backend_name,
                                 const std::function<void(member&)>& f) {
  auto all = backend_name.empty();
  auto found = all;
  for (auto& [life, x] : members_)
    if (all || x.target.name == backend_name) {
      f(x);
      found = true;
    }
  return found;
}

caf::result<uint64_t> scheduler_state::pause(const pause_order& x) {
  auto until = x.span.count() > 0 ? self_->clock().now() + x.span : time_point::max();
  uint64_t n = 0;
  auto pause_one = [&](member& y) {
    y.paused_until = until;
    y.metrics->paused.store(true, std::memory_order_relaxed);
    y.disconnected = y.disconnected || x.disconnect;
    say_order(y);
    ++n;
  };
  if (!each_named(x.backend, pause_one))
    return unknown_backend(x.backend);
  if (x.backend.empty()) {
    all_paused_until_ = until;
    all_disconnected_ = x.disconnect;
  }
  say(spdlog::level::warn, "polling of {} is paused by order{}",
      x.backend.empty() ? "all backends" : x.backend, x.disconnect ? ", without a connection" : "");
  return n;
}

void scheduler_state::say_order(const member& x) {
  if (x.connection)
    self_->send(x.connection, session_order{.connect = !x.disconnected});
}

void scheduler_state::go_on(member& x) {
  x.disconnected = false;
  if (x.metrics->paused.exchange(false))
    say_order(x);
}

caf::result<uint64_t> scheduler_state::resume(const resume_order& x) {
  uint64_t n = 0;
  auto resume_one = [&](member& y) {
    n += self_->clock().now() < y.paused_until ? 1 : 0;
    y.paused_until = time_point{};
    go_on(y);
  };
  if (!each_named(x.backend, resume_one))
    return unknown_backend(x.backend);
  if (x.backend.empty())
    all_paused_until_ = time_point{};
  say(spdlog::level::info, "polling of {} is resumed",
      x.backend.empty() ? "all backends" : x.backend);
  return n;
}

scheduler_status scheduler_state::status() const {
  auto now = self_->clock().now();
  scheduler_status result;
  result.backends = members_.size();
  result.slots = arguments_.options->connections.max_in_flight;
  result.interval = arguments_.options->interval;
  result.next_tick = std::max(next_tick_ - now, time_point::duration{0});
  result.waiting = due_.waiting();
  result.suspects = due_.waiting_suspects();
  result.all_paused = now < all_paused_until_;
  for (const auto& [life, x] : members_) {
    if (due_.is_in_flight(life))
      result.in_flight.push_back({x.target.name, now - x.polled});
    if (now < x.paused_until && x.disconnected)
      result.disconnected.push_back(x.target.name);
    if (now < x.paused_until)
      result.paused.push_back({x.target.name, x.paused_until == time_point::max()
                                                ? caf::timespan{0}
                                                : caf::timespan{x.paused_until - now}});
  }
  std::ranges::sort(result.in_flight, std::greater{}, &named_span::span);
  for (const auto& x : history_)
    result.ticks.push_back({x.number, now - x.began, x.ended.value_or(now) - x.began,
                            x.ended.has_value(), x.due, x.skipped, x.paused});
  return result;
}

} // namespace pgstatsmon
