// The SCHEDULER with a fake clock: slots, ticks, deaths.
#define SUITE scheduler

#include "actors/scheduler/scheduler.hpp"

#include "test/unit/actor_test.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <deque>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// A CONNECTION whose answers the test gives.
struct fake_connection_state {
  static constexpr const char* name = "fake-connection";
  explicit fake_connection_state(connection_actor::pointer) {}
  std::deque<caf::typed_response_promise<poll_report>> unanswered;
  size_t asked = 0;
  size_t reconfigured = 0;
  bool silent = true;
};

connection_actor::behavior_type
fake_connection(connection_actor::stateful_pointer<fake_connection_state> self, bool silent) {
  self->state.silent = silent;
  return {
    [self](const poll&) -> caf::result<poll_report> {
      if (!self->state.silent)
        return poll_report{failure::none, true, 1ms, 1};
      ++self->state.asked;
      return self->state.unanswered.emplace_back(self->make_response_promise<poll_report>());
    },
    [self](const backend_removed&) { self->quit(); },
    [self](const reconfigured&) { ++self->state.reconfigured; },
    [](const socket_ready&) {},
    // The test's way to have the oldest poll answered.
    [self](caf::timeout_atom, uint64_t reason) {
      self->state.unanswered.front().deliver(
        poll_report{static_cast<failure>(reason), true, 1ms, 1});
      self->state.unanswered.pop_front();
    },
  };
}

registry_actor::behavior_type fake_registry() {
  return {
    [](const backend_known&) {}, [](const backend_forgotten&) {}, [](const backend_samples&) {},
    [](const reconfigured&) {},  [](caf::tick_atom) {},
  };
}

struct fixture : test::actor_system {
  fixture() {
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
    x.metrics = {&backends, &in_flight, &ticks, &signs};
    aut = sys.spawn(scheduler, std::move(x));
    sched.run();
  }

  ~fixture() override {
    for (auto& [name, handles] : spawned)
      for (auto& x : handles)
        self->send_exit(x, caf::exit_reason::user_shutdown);
    stop(aut, registry);
  }

  void add(const std::string& name) {
    self->send(aut, backend_added{{name, name, "127.0.0.1", 5432, "db", "user", {}, "static"}});
    sched.run();
  }

  void add_all(const std::string& prefix, int n) {
    for (int i = 0; i < n; ++i)
      add(prefix + std::to_string(i));
  }

  /// Lets ten seconds pass: the next tick.
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

  uint64_t skipped(const std::string& name) { return counts[lives[name]]->polls_skipped; }

  double ticks_seen() { return static_cast<double>(ticks.Collect().histogram.sample_count); }

  catalogue_ptr queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
  prometheus::Gauge backends;
  prometheus::Gauge in_flight;
  prometheus::Histogram ticks{{1.0, 10.0}};
  vital_signs signs{vital_signs::time_point{}};
  std::map<incarnation, metrics_ptr> counts;
  std::map<std::string, incarnation> lives;
  std::map<std::string, std::vector<connection_actor>> spawned;
  registry_actor registry = sys.spawn(fake_registry);
  scheduler_actor aut;
};

} // namespace

FIXTURE_SCOPE(scheduler_tests, fixture)

TEST(a backend is polled as soon as it is ready) {
  add("silent");
  CHECK_EQUAL(due().in_flight(), 0u);
  self->send(aut, backend_ready{lives["silent"]});
  sched.run();
  CHECK_EQUAL(due().in_flight(), 1u);
  CHECK_EQUAL(asked("silent"), 1u);
}

TEST(a tick polls every backend) {
  add_all("good", 3);
  tick();
  CHECK(due().idle());
  CHECK_EQUAL(ticks_seen(), 1.0);
  tick();
  CHECK_EQUAL(ticks_seen(), 2.0);
}

TEST(ten polls are in flight at most) {
  add_all("silent", 25);
  tick();
  CHECK_EQUAL(due().in_flight(), 10u);
  CHECK_EQUAL(due().waiting(), 15u);
  answer("silent0", failure::none);
  CHECK_EQUAL(due().in_flight(), 10u);
  CHECK_EQUAL(due().waiting(), 14u);
}

TEST(a backend in flight is skipped and counted) {
  add("silent");
  add("good");
  tick();
  CHECK_EQUAL(skipped("silent"), 0u);
  tick();
  CHECK_EQUAL(skipped("silent"), 1u);
  CHECK_EQUAL(skipped("good"), 0u);
  CHECK_EQUAL(asked("silent"), 1u);
}

TEST(ticks do not pile up) {
  add_all("silent", 15);
  tick();
  tick();
  CHECK_EQUAL(due().waiting(), 5u);
  CHECK_EQUAL(due().in_flight(), 10u);
}

TEST(a poll without an answer gives its slot back) {
  add("silent");
  tick();
  CHECK_EQUAL(due().in_flight(), 1u);
  tick();
  CHECK_EQUAL(asked("silent"), 1u);
  tick(); // 16 s have passed: interval, query_timeout and five more
  CHECK_EQUAL(asked("silent"), 2u);
}

TEST(an actor that dies gives its slot back and is started again) {
  add("silent");
  tick();
  CHECK_EQUAL(due().in_flight(), 1u);
  self->send_exit(spawned["silent"].back(), caf::exit_reason::kill);
  sched.run();
  CHECK_EQUAL(due().in_flight(), 0u);
  CHECK_EQUAL(spawned["silent"].size(), 1u);
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spawned["silent"].size(), 2u);
  CHECK_EQUAL(counts[lives["silent"]]->restarts.load(), 1u);
}

TEST(a removed backend leaves no slot and no actor) {
  add("silent");
  tick();
  self->send(aut, backend_removed{"silent"});
  sched.run();
  CHECK_EQUAL(due().in_flight(), 0u);
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 0u);
  tick();
  CHECK_EQUAL(spawned["silent"].size(), 1u);
  CHECK(due().idle());
}

TEST(a backend removed and added again is a fresh one) {
  add("silent");
  auto old = lives["silent"];
  self->send(aut, backend_removed{"silent"});
  add("silent");
  CHECK(lives["silent"] != old);
  self->send(aut, backend_ready{old});
  sched.run();
  CHECK(due().idle());
}

TEST(servers that do not answer wait behind the others and get half of the slots) {
  add_all("silent", 12);
  tick();
  for (int i = 0; i < 10; ++i)
    answer("silent" + std::to_string(i), failure::timeout);
  for (int i = 10; i < 12; ++i)
    answer("silent" + std::to_string(i), failure::none);
  tick();
  CHECK_EQUAL(due().in_flight(), 7u); // two good ones, five suspects
  CHECK_EQUAL(asked("silent10"), 2u);
  CHECK_EQUAL(asked("silent11"), 2u);
}

TEST(a new interval holds at once) {
  add("good");
  auto options = settings{};
  options.interval = 2s;
  self->send(aut, reconfigured{std::make_shared<const settings>(options), queries});
  sched.run();
  advance_time(2s);
  sched.run();
  CHECK_EQUAL(ticks_seen(), 1.0);
  advance_time(2s);
  sched.run();
  CHECK_EQUAL(ticks_seen(), 2.0);
  CHECK_EQUAL(spawned["good"].size(), 1u);
  CHECK_EQUAL(state_of<fake_connection_state>(spawned["good"][0]).reconfigured, 1u);
}

TEST(another catalogue makes every backend a fresh one) {
  add("good");
  auto old = lives["good"];
  queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
  self->send(aut, reconfigured{std::make_shared<const settings>(), queries});
  sched.run();
  CHECK_EQUAL(spawned["good"].size(), 2u);
  CHECK(lives["good"] != old);
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 1u);
}

TEST(draining lets polls end for two seconds and then ends every backend) {
  add("silent");
  add("good");
  tick();
  auto res = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 2u);
  advance_time(2s);
  sched.run();
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 0u);
  res.receive([](caf::ok_atom) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(the heart beats every second without any backend) {
  CHECK_EQUAL(signs.beats(), 1u);
  for (int i = 0; i < 3; ++i) {
    advance_time(1s);
    sched.run();
  }
  CHECK_EQUAL(signs.beats(), 4u);
  CHECK(signs.healthy(sched.clock().now()));
}

TEST(the heart stops while the mailbox is not worked off) {
  advance_time(1s);
  sched.run();
  auto before = signs.beats();
  advance_time(5s);
  CHECK_EQUAL(signs.beats(), before);
  CHECK(signs.healthy(sched.clock().now()));
  advance_time(1s);
  CHECK_EQUAL(signs.beats(), before);
  CHECK(!signs.healthy(sched.clock().now()));
  sched.run();
  CHECK(signs.healthy(sched.clock().now()));
}

TEST(ready is a tick that began after the first list and is done) {
  tick();
  CHECK(!signs.ready());
  add("silent");
  self->send(aut, caf::open_atom_v);
  sched.run();
  CHECK(!signs.ready());
  tick();
  CHECK(!signs.ready());
  answer("silent", failure::none);
  CHECK(signs.ready());
}

TEST(draining an idle fleet answers at once) {
  add("good");
  auto res = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  res.receive([](caf::ok_atom) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

FIXTURE_SCOPE_END()
