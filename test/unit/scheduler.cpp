// The SCHEDULER with a fake clock: slots, ticks, deaths.
#define SUITE scheduler

#include "test/unit/scheduler_fixture.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using fixture = test::scheduler_fixture;
using test::fake_connection_state;
using test::fake_registry_state;

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

TEST(backends fall due at moments of their own) {
  add_all("silent", 20);
  size_t most = 0;
  size_t before = 0;
  for (int i = 0; i < 100; ++i) {
    advance_time(100ms);
    sched.run();
    auto waiting = due().in_flight() + due().waiting();
    most = std::max(most, waiting - before);
    before = waiting;
  }
  CHECK_EQUAL(before, 20u);
  CHECK(most <= 5);
}

TEST(a tick lasts an interval and counts the time in which somebody is in flight) {
  add("silent");
  self->send(aut, backend_ready{lives["silent"]});
  sched.run();
  advance_time(500ms);
  answer("silent", failure::none);
  auto seconds = [this] { return ticks.Collect().histogram.sample_sum; };
  CHECK_EQUAL(ticks_seen(), 0.0);
  // Its own turn comes within the tick, too, and lasts until the end.
  tick();
  CHECK_EQUAL(ticks_seen(), 1.0);
  CHECK(seconds() >= 0.5);
  CHECK(seconds() <= 10.0);
}

TEST(backends that always wait are polled less often and all the same) {
  add_all("silent", 30);
  for (int i = 0; i < 3; ++i)
    tick();
  CHECK(state_of<scheduler_state>(aut).stretch() > 1);
  CHECK_EQUAL(stretch.Value(), state_of<scheduler_state>(aut).stretch());
  CHECK(counts[lives["silent29"]]->interval.load() > 10s);
  CHECK_EQUAL(counts[lives["silent0"]]->interval.load(),
              counts[lives["silent29"]]->interval.load());
}

TEST(an idle backend is polled less often if it may) {
  auto options = settings{};
  options.interval = 5s;
  options.longest_interval = 20s;
  self->send(aut, reconfigured{std::make_shared<const settings>(options), queries});
  sched.run();
  add("good");
  auto& metrics = *counts[lives["good"]];
  metrics.up = true;
  auto server = [&](double transactions) {
    vital_reading read;
    read.fresh = ~0U;
    read.when = sched.clock().now();
    read.values[vital_sign::transactions] = transactions;
    metrics.vitals.make().add(read);
  };
  double done = 0;
  for (int i = 0; i < 20; ++i) {
    server(done += 1);
    advance_time(5s);
    sched.run();
  }
  CHECK_EQUAL(metrics.interval.load(), caf::timespan{20s});
  CHECK(metrics.pace.load() == pace_reason::transactions);
  for (int i = 0; i < 6; ++i) {
    server(done += 1e6);
    advance_time(5s);
    sched.run();
  }
  CHECK_EQUAL(metrics.interval.load(), caf::timespan{5s});
  metrics.up = false;
  tick();
  CHECK(metrics.pace.load() == pace_reason::fixed);
}

TEST(the next turn of each backend is known) {
  add("good");
  const auto& counted = *counts[lives["good"]];
  CHECK_EQUAL(counted.interval.load(), caf::timespan{10s});
  auto first = counted.next_due.load();
  CHECK(first > sched.clock().now());
  CHECK(first <= sched.clock().now() + 10s);
  tick();
  CHECK_EQUAL(counted.next_due.load(), first + 10s);
}

TEST(ten polls are in flight at most) {
  add_all("silent", 25);
  tick();
  CHECK_EQUAL(due().in_flight(), 10u);
  CHECK_EQUAL(due().waiting(), 15u);
  answer(unanswered().front(), failure::none);
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

TEST(a backend is sampled between its polls) {
  add_sampled("good");
  add("other");
  for (int i = 0; i < 100; ++i) {
    advance_time(100ms);
    sched.run();
  }
  CHECK(samples("good") >= 8u);
  CHECK(samples("good") <= 10u);
  CHECK_EQUAL(samples("other"), 0u);
  CHECK_EQUAL(skipped("good"), 0u);
  self->send(aut, pause_order{.backend = "good"});
  sched.run();
  auto before = samples("good");
  tick();
  CHECK_EQUAL(samples("good"), before);
}

TEST(a poll that falls due while a sample is in flight is made behind it) {
  add_sampled("silent");
  while (samples("silent") == 0) {
    advance_time(100ms);
    sched.run();
    // Polls are answered at once, the sample is not.
    if (samples("silent") == 0 && !unanswered().empty())
      answer("silent", failure::none);
  }
  auto before = asked("silent");
  tick();
  CHECK_EQUAL(asked("silent"), before);
  CHECK_EQUAL(skipped("silent"), 0u);
  answer("silent", failure::none);
  CHECK_EQUAL(asked("silent"), before + 1);
  CHECK_EQUAL(samples("silent"), 1u);
  // The next turn finds that poll under way.
  tick();
  CHECK_EQUAL(skipped("silent"), 1u);
  CHECK_EQUAL(samples("silent"), 1u);
}

TEST(who is silent is not sampled until a poll is answered) {
  add_sampled("silent");
  while (samples("silent") == 0) {
    advance_time(100ms);
    sched.run();
    if (samples("silent") == 0 && !unanswered().empty())
      answer("silent", failure::none);
  }
  answer("silent", failure::timeout);
  auto before = asked("silent");
  for (int i = 0; i < 20 && asked("silent") == before; ++i) {
    advance_time(1s);
    sched.run();
  }
  CHECK_EQUAL(asked("silent"), before + 1);
  CHECK_EQUAL(samples("silent"), 1u);
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
  auto good = unasked();
  for (const auto& name : unanswered())
    answer(name, failure::timeout);
  CHECK_EQUAL(unanswered(), good);
  for (const auto& name : good)
    answer(name, failure::none);
  tick();
  CHECK_EQUAL(due().in_flight(), 7u); // two good ones, five suspects
  CHECK_EQUAL(good.size(), 2u);
  for (const auto& name : good)
    CHECK_EQUAL(asked(name), 2u);
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

TEST(draining lets polls end for a second and then ends every backend) {
  add("silent");
  add("good");
  tick();
  auto res = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 2u);
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(state_of<scheduler_state>(aut).backends(), 0u);
  res.receive([](caf::ok_atom) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(the heart beats every second without any backend) {
  CHECK_EQUAL(pulse.beats(), 1u);
  for (int i = 0; i < 3; ++i) {
    advance_time(1s);
    sched.run();
  }
  CHECK_EQUAL(pulse.beats(), 4u);
  CHECK(pulse.healthy(sched.clock().now()));
}

TEST(the heart stops while the mailbox is not worked off) {
  advance_time(1s);
  sched.run();
  auto before = pulse.beats();
  advance_time(5s);
  CHECK_EQUAL(pulse.beats(), before);
  CHECK(pulse.healthy(sched.clock().now()));
  advance_time(1s);
  CHECK_EQUAL(pulse.beats(), before);
  CHECK(!pulse.healthy(sched.clock().now()));
  sched.run();
  CHECK(pulse.healthy(sched.clock().now()));
}

TEST(ready is when every backend of the first list was tried) {
  add("silent1");
  add("silent2");
  add("silent3");
  CHECK(!pulse.ready());
  self->send(aut, caf::open_atom_v);
  sched.run();
  for (const auto* name : {"silent1", "silent2"}) {
    self->send(aut, backend_ready{lives[name]});
    sched.run();
    answer(name, failure::none);
    CHECK(!pulse.ready());
  }
  counts[lives["silent3"]]->last_failure = failure::refused;
  advance_time(1s);
  sched.run();
  CHECK(pulse.ready());
}

TEST(one backend that is polled makes it ready without waiting for a tick) {
  add("silent");
  self->send(aut, caf::open_atom_v);
  self->send(aut, backend_ready{lives["silent"]});
  sched.run();
  CHECK(!pulse.ready());
  answer("silent", failure::none);
  CHECK(pulse.ready());
}

TEST(backends that leave or come later are not waited for) {
  add("silent");
  self->send(aut, caf::open_atom_v);
  add("silent later");
  CHECK(!pulse.ready());
  self->send(aut, backend_removed{"silent"});
  sched.run();
  advance_time(1s);
  sched.run();
  CHECK(pulse.ready());
}

TEST(an empty list is ready at once) {
  self->send(aut, caf::open_atom_v);
  sched.run();
  CHECK(pulse.ready());
}

TEST(a backend that is described otherwise goes on) {
  add("good");
  backend other{"good", "good", "127.0.0.1", 5432, "db", "user", {{"zone", "b"}}, "static"};
  self->send(aut, backend_changed{other});
  self->send(aut, backend_changed{{"nobody", "nobody", "127.0.0.1", 5432, "db", "user", {}, "s"}});
  sched.run();
  CHECK_EQUAL(spawned["good"].size(), 1u);
  auto& connection = state_of<fake_connection_state>(spawned["good"].back());
  REQUIRE(connection.changed.size() == 1);
  CHECK_EQUAL(connection.changed[0], other);
  const auto& known = state_of<fake_registry_state>(registry).known;
  REQUIRE(known.size() == 2);
  CHECK_EQUAL(known[0].first, known[1].first);
  CHECK_EQUAL(known[1].second, other);
}

TEST(draining an idle fleet answers at once) {
  add("good");
  auto res = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  res.receive([](caf::ok_atom) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

FIXTURE_SCOPE_END()
