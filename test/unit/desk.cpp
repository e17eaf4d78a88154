// The DESK between the page's threads and the SCHEDULER.
#define SUITE desk
#include "actors/exposition/desk.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/page_fixture.hpp"

#include <optional>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using namespace std::chrono_literals;

namespace {

/// A SCHEDULER that answers, or not.
scheduler_actor::behavior_type fake_scheduler(scheduler_actor::pointer self, const bool* stuck) {
  auto silent = [=] { return *stuck; };
  return {
    [](const backend_added&) {},
    [](const backend_removed&) {},
    [](const backend_changed&) {},
    [](const backend_ready&) {},
    [](caf::open_atom) {},
    [](const reconfigured&) {},
    [=](const poll_order& x) -> caf::result<poll_report> {
      if (silent())
        return self->make_response_promise<poll_report>();
      if (x.backend == "nobody")
        return caf::make_error(ec::no_such_backend, std::string{"no backend is called nobody"});
      return poll_report{.reason = failure::query, .polled = x.backend != "down"};
    },
    [](const pause_order& x) -> uint64_t { return x.span == 60s ? 1 : 7; },
    [](const resume_order&) -> uint64_t { return 2; },
    [=](caf::get_atom) -> caf::result<scheduler_status> {
      if (silent())
        return self->make_response_promise<scheduler_status>();
      scheduler_status x;
      x.slots = 10;
      return x;
    },
    [](caf::ping_atom) {},
    [](caf::tick_atom, uint64_t) {},
    [](caf::pending_atom, uint64_t) {},
    [](caf::reset_atom, incarnation) {},
    [](caf::close_atom) { return caf::ok_atom_v; },
    [](caf::timeout_atom) {},
  };
}

struct fixture : actor_system, page_fixture {
  fixture() {
    scheduler = sys.spawn(fake_scheduler, &stuck);
    pulse->set_ready();
    aut = sys.spawn(desk, desk_arguments{.scheduler = scheduler,
                                         .backends = cell,
                                         .pulse = pulse,
                                         .journal = journal,
                                         .events = events,
                                         .unix_time = [this] { return now; },
                                         .describe = [](const fleet_news&) { return "{}"; }});
    sched.run();
  }

  ~fixture() { stop(aut, scheduler); }

  void second() {
    now += 1;
    advance_time(1s);
    sched.run();
  }

  std::string order(decltype(order_question::order) what) {
    std::string result = "nothing";
    caf::anon_send(aut, order_question{std::move(what), [&](const caf::expected<std::string>& x) {
                                         result = x ? *x : "error: " + sentence_of(x.error());
                                       }});
    sched.run();
    for (int i = 0; i < 40 && result == "nothing"; ++i)
      second();
    return result;
  }

  bool stuck = false;
  double now = 1000;
  std::shared_ptr<snapshot_cell> cell = std::make_shared<snapshot_cell>();
  std::shared_ptr<heartbeat> pulse =
    std::make_shared<heartbeat>(std::chrono::steady_clock::time_point{});
  std::shared_ptr<fleet_journal> journal = std::make_shared<fleet_journal>();
  std::shared_ptr<event_hub> events = std::make_shared<event_hub>(1);
  scheduler_actor scheduler;
  desk_actor aut;
};

} // namespace

FIXTURE_SCOPE(desk_tests, fixture)

TEST(orders go to the SCHEDULER and what came of them comes back) {
  CHECK_EQUAL(order(poll_order{"one"}), "query");
  CHECK_EQUAL(order(poll_order{"down"}), "not polled, as it is not connected");
  CHECK_EQUAL(order(poll_order{"nobody"}), "error: no backend is called nobody");
  CHECK_EQUAL(order(pause_order{"one", 60s, false}), "1");
  CHECK_EQUAL(order(resume_order{}), "2");
}

TEST(a SCHEDULER that is stuck is an answer) {
  stuck = true;
  CHECK(order(poll_order{"one"}).find("stuck") != std::string::npos);
  std::optional<caf::error> error;
  caf::anon_send(aut, status_question{[&](const caf::expected<scheduler_status>& x) {
                   error = x ? caf::error{} : x.error();
                 }});
  sched.run();
  for (int i = 0; i < 3; ++i)
    second();
  REQUIRE(error.has_value());
  CHECK(*error == ec::timeout);
}

TEST(how the SCHEDULER is comes back) {
  uint64_t slots = 0;
  caf::anon_send(aut, status_question{[&](const caf::expected<scheduler_status>& x) {
                   slots = x ? x->slots : 0;
                 }});
  sched.run();
  CHECK_EQUAL(slots, 10u);
}

TEST(every second it looks what changed) {
  auto x = add("one");
  x->metrics->set_up(true, now);
  cell->add(x);
  second();
  x->metrics->last_failure = failure::refused;
  second();
  auto changes = journal->changes(now);
  REQUIRE(!changes.empty());
  CHECK(changes[0] == (fleet_change{now, "one", "condition", "up", "refused"}));
}

FIXTURE_SCOPE_END()
