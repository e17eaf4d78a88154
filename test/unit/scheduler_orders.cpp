// The SCHEDULER's answers to the console: polls by order, pauses, what it does.
#define SUITE scheduler_orders

#include "test/unit/captured_log.hpp"
#include "test/unit/scheduler_fixture.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture : test::scheduler_fixture {
  /// Sends an order and returns how it is answered; run() in between.
  template <class Order>
  auto order(Order x) {
    auto res = self->request(aut, caf::infinite, std::move(x));
    sched.run();
    return res;
  }

  scheduler_status status() {
    scheduler_status result;
    order(caf::get_atom_v)
      .receive([&](const scheduler_status& x) { result = x; },
               [this](const caf::error& err) { FAIL(sys.render(err)); });
    return result;
  }

  /// How many backends a pause or its end concerns; all_ones for an error.
  template <class Order>
  uint64_t count(Order x) {
    uint64_t result = all_ones;
    order(std::move(x))
      .receive([&](uint64_t n) { result = n; },
               [](const caf::error& err) { CHECK(err == ec::no_such_backend); });
    return result;
  }

  static constexpr auto all_ones = ~uint64_t{0};

  /// The good backends that the last tick polled.
  uint64_t due_at_tick() {
    tick();
    return status().ticks.at(1).due;
  }
};

} // namespace

FIXTURE_SCOPE(scheduler_orders_tests, fixture)

TEST(an order polls a backend between two ticks and is answered with the report) {
  add("silent");
  auto res = order(poll_order{"silent"});
  CHECK_EQUAL(asked("silent"), 1u);
  answer("silent", failure::query);
  res.receive([](const poll_report& x) { CHECK(x.reason == failure::query); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(an order during a poll is answered by that poll) {
  add("silent");
  tick();
  auto res = order(poll_order{"silent"});
  CHECK_EQUAL(asked("silent"), 1u);
  answer("silent", failure::none);
  res.receive([](const poll_report& x) { CHECK(x.polled); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(a poll that is under way when its backend falls due stands for that one) {
  add("silent");
  auto until_due = counts[lives["silent"]]->next_due.load() - sched.clock().now();
  advance_time(until_due - 1ms);
  sched.run();
  auto res = order(poll_order{"silent"});
  advance_time(2ms);
  sched.run();
  CHECK_EQUAL(skipped("silent"), 0u);
  tick();
  CHECK_EQUAL(skipped("silent"), 1u);
  CHECK_EQUAL(asked("silent"), 1u);
  answer("silent", failure::none);
  res.receive([](const poll_report& x) { CHECK(x.polled); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(an ordered poll goes before those that wait) {
  add_all("silent", 12);
  tick();
  auto waiting = unasked();
  REQUIRE(waiting.size() == 2);
  // Whichever of the two would have been the next.
  auto res = order(poll_order{waiting[1]});
  auto polled = order(poll_order{waiting[0]});
  answer(unanswered().front(), failure::none);
  CHECK_EQUAL(asked(waiting[0]), 1u);
  CHECK_EQUAL(asked(waiting[1]), 0u);
  answer(waiting[0], failure::none);
  CHECK_EQUAL(asked(waiting[1]), 1u);
  answer(waiting[1], failure::none);
  polled.receive([](const poll_report&) {},
                 [this](const caf::error& err) { FAIL(sys.render(err)); });
  res.receive([](const poll_report&) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(an order for a backend that does not exist is an error) {
  order(poll_order{"nobody"})
    .receive([](const poll_report&) { FAIL("polled"); },
             [](const caf::error& err) { CHECK(err == ec::no_such_backend); });
  CHECK_EQUAL(count(pause_order{"nobody", 0s}), all_ones);
  CHECK_EQUAL(count(resume_order{"nobody"}), all_ones);
}

TEST(an order is answered when its backend goes or dies) {
  add("silent");
  auto gone = order(poll_order{"silent"});
  self->send(aut, backend_removed{"silent"});
  sched.run();
  gone.receive([](const poll_report&) { FAIL("polled"); },
               [](const caf::error& err) { CHECK(err == ec::no_such_backend); });
  add("silent");
  auto dead = order(poll_order{"silent"});
  self->send_exit(spawned["silent"].back(), caf::exit_reason::kill);
  sched.run();
  dead.receive([](const poll_report&) { FAIL("polled"); },
               [](const caf::error& err) { CHECK(err == ec::timeout); });
}

TEST(the seventeenth console that waits for one poll is turned away) {
  add("silent");
  for (int i = 0; i < 16; ++i)
    self->send(aut, poll_order{"silent"});
  sched.run();
  order(poll_order{"silent"})
    .receive([](const poll_report&) { FAIL("polled"); },
             [](const caf::error& err) { CHECK(err == ec::busy); });
  answer("silent", failure::none);
}

TEST(a paused backend is not polled until it is resumed) {
  add_all("good", 3);
  CHECK_EQUAL(count(pause_order{"good1", 0s}), 1u);
  CHECK(counts[lives["good1"]]->paused.load());
  CHECK_EQUAL(due_at_tick(), 2u);
  auto now = status();
  CHECK_EQUAL(now.ticks.at(1).paused, 1u);
  self->send(aut, backend_ready{lives["good1"]});
  sched.run();
  CHECK(due().idle());
  CHECK_EQUAL(count(resume_order{"good1"}), 1u);
  CHECK(!counts[lives["good1"]]->paused.load());
  CHECK_EQUAL(due_at_tick(), 3u);
  CHECK_EQUAL(count(resume_order{"good1"}), 0u);
}

TEST(a pause ends by itself) {
  test::captured_log log;
  add("good");
  count(pause_order{"good", 15s});
  CHECK_EQUAL(due_at_tick(), 0u);
  CHECK_EQUAL(due_at_tick(), 1u);
  CHECK(!counts[lives["good"]]->paused.load());
  auto said = log.lines();
  CHECK_EQUAL(said, (std::vector<std::string>{"warning polling of good is paused by order for 15 s",
                                              "info polling of good goes on, the pause is over"}));
}

TEST(the end of a pause of all is said once) {
  test::captured_log log;
  add_all("good", 3);
  count(pause_order{"", 15s});
  due_at_tick();
  CHECK_EQUAL(due_at_tick(), 3u);
  auto said = log.lines();
  CHECK_EQUAL(
    said, (std::vector<std::string>{"warning polling of all backends is paused by order for 15 s",
                                    "info polling of all backends goes on, the pause is over"}));
  count(pause_order{"", 15s});
  count(pause_order{"good1", 35s});
  for (auto i = 0; i < 5; ++i)
    tick();
  said = log.lines();
  REQUIRE(said.size() == 6u);
  CHECK_EQUAL(said.back(), "info polling of good1 goes on, the pause is over");
}

TEST(a pause of all holds for backends that come later) {
  add_all("good", 2);
  CHECK_EQUAL(count(pause_order{"", 0s}), 2u);
  add("good2");
  CHECK_EQUAL(due_at_tick(), 0u);
  CHECK(status().all_paused);
  CHECK_EQUAL(count(resume_order{"good2"}), 1u);
  CHECK_EQUAL(due_at_tick(), 1u);
  CHECK_EQUAL(count(resume_order{""}), 2u);
  CHECK_EQUAL(due_at_tick(), 3u);
}

TEST(a backend that changes stays paused) {
  add("good");
  count(pause_order{"good", 0s});
  add("good");
  CHECK_EQUAL(due_at_tick(), 0u);
}

TEST(a pause may close the connections until it is over) {
  add_all("good", 2);
  auto orders = [this](const std::string& name) {
    return state_of<test::fake_connection_state>(spawned[name].back()).session_orders;
  };
  count(pause_order{.backend = "good0", .disconnect = true});
  sched.run();
  CHECK_EQUAL(orders("good0"), (std::vector<bool>{false}));
  CHECK(orders("good1").empty());
  CHECK_EQUAL(status().disconnected, (std::vector<std::string>{"good0"}));
  count(resume_order{"good0"});
  sched.run();
  CHECK_EQUAL(orders("good0"), (std::vector<bool>{false, true}));
  CHECK(status().disconnected.empty());
}

TEST(a pause is told to the backend and so is its end) {
  add("good");
  auto orders = [this] {
    sched.run();
    return state_of<test::fake_connection_state>(spawned["good"].back()).session_orders.size();
  };
  count(pause_order{"good", 15s});
  CHECK_EQUAL(orders(), 1u);
  due_at_tick();
  CHECK_EQUAL(orders(), 1u);
  due_at_tick();
  CHECK_EQUAL(orders(), 2u);
  due_at_tick();
  CHECK_EQUAL(orders(), 2u);
}

TEST(connections come back when a pause ends by itself) {
  add("good");
  count(pause_order{.backend = "good", .span = 15s, .disconnect = true});
  due_at_tick();
  due_at_tick();
  sched.run();
  CHECK_EQUAL(state_of<test::fake_connection_state>(spawned["good"].back()).session_orders,
              (std::vector<bool>{false, true}));
}

TEST(a backend that comes during a pause without connections makes none) {
  count(pause_order{.backend = "", .disconnect = true});
  add("good");
  sched.run();
  CHECK_EQUAL(state_of<test::fake_connection_state>(spawned["good"].back()).session_orders,
              (std::vector<bool>{false}));
}

TEST(a paused backend is polled by order) {
  add("silent");
  count(pause_order{"silent", 0s});
  auto res = order(poll_order{"silent"});
  CHECK_EQUAL(asked("silent"), 1u);
  answer("silent", failure::none);
  res.receive([](const poll_report&) {}, [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(the status says what is in flight and what waits and how ticks went) {
  add_all("silent", 13);
  tick();
  advance_time(1s);
  auto x = status();
  CHECK_EQUAL(x.backends, 13u);
  CHECK_EQUAL(x.slots, 10u);
  CHECK_EQUAL(x.interval, caf::timespan{10s});
  CHECK_EQUAL(x.next_tick, caf::timespan{9s});
  CHECK_EQUAL(x.in_flight.size(), 10u);
  CHECK_EQUAL(x.in_flight.front().span, caf::timespan{1s});
  CHECK_EQUAL(x.waiting, 3u);
  REQUIRE(x.ticks.size() == 2);
  CHECK(!x.ticks[0].over);
  CHECK_EQUAL(x.ticks[0].busy, caf::timespan{1s});
  CHECK(x.ticks[1].over);
  CHECK_EQUAL(x.ticks[1].due, 13u);
  tick();
  x = status();
  REQUIRE(x.ticks.size() == 3);
  CHECK_EQUAL(x.ticks[1].skipped, 13u);
}

TEST(twenty ticks are remembered) {
  add("good");
  for (int i = 0; i < 30; ++i)
    tick();
  auto now = status();
  CHECK_EQUAL(now.ticks.size(), 20u);
}

FIXTURE_SCOPE_END()
