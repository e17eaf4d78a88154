// A SCHEDULER with a fake clock and CONNECTIONs whose answers the test gives.
#pragma once

#include "test/unit/actor_test.hpp"

#include "actors/scheduler/scheduler.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <deque>

namespace pgstatsmon::test {

using namespace std::chrono_literals;

/// A CONNECTION whose answers the test gives.
struct fake_connection_state {
  static constexpr const char* name = "fake-connection";
  explicit fake_connection_state(connection_actor::pointer) {}
  std::deque<caf::typed_response_promise<poll_report>> unanswered;
  size_t asked = 0;
  size_t samples = 0; ///< Of those.
  size_t reconfigured = 0;
  std::vector<bool> session_orders;
  std::vector<backend> changed;
  bool silent = true;
};

inline connection_actor::behavior_type
fake_connection(connection_actor::stateful_pointer<fake_connection_state> self, bool silent) {
  self->state.silent = silent;
  return {
    [self](const poll& x) -> caf::result<poll_report> {
      self->state.samples += x.sample ? 1 : 0;
      if (!self->state.silent)
        return poll_report{failure::none, true, 1ms, 1};
      ++self->state.asked;
      return self->state.unanswered.emplace_back(self->make_response_promise<poll_report>());
    },
    [self](const backend_removed&) { self->quit(); },
    [self](const reconfigured&) { ++self->state.reconfigured; },
    [self](const backend_changed& x) { self->state.changed.push_back(x.value); },
    [self](const session_order& order) { self->state.session_orders.push_back(order.connect); },
    [](const socket_ready&) {},
    // The test's way to have the oldest poll answered.
    [self](caf::timeout_atom, uint64_t reason) {
      self->state.unanswered.front().deliver(
        poll_report{static_cast<failure>(reason), true, 1ms, 1});
      self->state.unanswered.pop_front();
    },
    [](caf::tick_atom, uint64_t) {},
  };
}

/// A REGISTRY that remembers what it was told of.
struct fake_registry_state {
  static constexpr const char* name = "fake-registry";
  explicit fake_registry_state(registry_actor::pointer) {}
  std::vector<std::pair<incarnation, backend>> known;
};

inline registry_actor::behavior_type
fake_registry(registry_actor::stateful_pointer<fake_registry_state> self) {
  return {
    [self](const backend_known& x) { self->state.known.emplace_back(x.life, x.value); },
    [](const backend_forgotten&) {},
    [](const backend_samples&) {},
    [](const database_samples&) {},
    [](const reconfigured&) {},
    [](caf::tick_atom) {},
  };
}

struct scheduler_fixture : actor_system {
  scheduler_fixture() {
    scheduler_arguments x;
    x.options = std::make_shared<const settings>();
    x.queries = queries;
    x.registry = registry;
    x.spawn_backend = [this](scheduler_actor::pointer, const backend& target, incarnation life,
                             const metrics_ptr& metrics, const settings_ptr&) {
      counts[life] = metrics;
      auto result = sys.spawn(fake_connection, target.name.starts_with("silent"));
      spawned[target.name].push_back(result);
      lives[target.name] = life;
      return result;
    };
    x.chance = [] { return 0.5; };
    x.metrics = {.backends = &backends,
                 .in_flight = &in_flight,
                 .stretch = &stretch,
                 .tick_duration = &ticks,
                 .slot_wait = &waits,
                 .pulse = &pulse,
                 .fleet = nullptr};
    aut = sys.spawn(scheduler, std::move(x));
    sched.run();
  }

  ~scheduler_fixture() override {
    for (auto& [name, handles] : spawned)
      for (auto& x : handles)
        self->send_exit(x, caf::exit_reason::user_shutdown);
    stop(aut, registry);
  }

  void add(const std::string& name) {
    self->send(aut, backend_added{{name, name, "127.0.0.1", 5432, "db", "user", {}, "static"}});
    sched.run();
  }

  /// What its sessions do is asked each second.
  void add_sampled(const std::string& name) {
    backend target{name, name, "127.0.0.1", 5432, "db", "user", {}, "static"};
    target.collect.sample = 1s;
    self->send(aut, backend_added{target});
    sched.run();
  }

  size_t samples(const std::string& name) {
    return state_of<fake_connection_state>(spawned[name].back()).samples;
  }

  void add_all(const std::string& prefix, int n) {
    for (int i = 0; i < n; ++i)
      add(prefix + std::to_string(i));
  }

  /// Lets ten seconds pass: a tick, in which every backend falls due.
  void tick() {
    advance_time(10s);
    sched.run();
  }

  const due_queue& due() { return state_of<scheduler_state>(aut).due(); }

  size_t asked(const std::string& name) {
    return state_of<fake_connection_state>(spawned[name].back()).asked;
  }

  void answer(const std::string& name, failure reason) {
    self->send(spawned[name].back(), caf::timeout_atom_v, static_cast<uint64_t>(reason));
    sched.run();
  }

  /// Backends whose poll has no answer yet; the phases say which.
  std::vector<std::string> unanswered() {
    std::vector<std::string> result;
    for (const auto& [name, handles] : spawned)
      if (!state_of<fake_connection_state>(handles.back()).unanswered.empty())
        result.push_back(name);
    return result;
  }

  /// Backends that were never polled.
  std::vector<std::string> unasked() {
    std::vector<std::string> result;
    for (const auto& [name, handles] : spawned)
      if (state_of<fake_connection_state>(handles.back()).asked == 0)
        result.push_back(name);
    return result;
  }

  uint64_t skipped(const std::string& name) { return counts[lives[name]]->polls_skipped; }

  double ticks_seen() { return static_cast<double>(ticks.Collect().histogram.sample_count); }

  catalogue_ptr queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
  prometheus::Gauge backends;
  prometheus::Gauge in_flight;
  prometheus::Gauge stretch;
  prometheus::Histogram ticks{{1.0, 10.0}};
  prometheus::Histogram waits{{1.0, 10.0}};
  heartbeat pulse{heartbeat::time_point{}};
  std::map<incarnation, metrics_ptr> counts;
  std::map<std::string, incarnation> lives;
  std::map<std::string, std::vector<connection_actor>> spawned;
  registry_actor registry = sys.spawn(fake_registry);
  scheduler_actor aut;
};

} // namespace pgstatsmon::test
