// The GATE: leases come in turn and give themselves back.
#define SUITE gate

#include "actors/backend/gate.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/captured_log.hpp"

#include "actors/backend/lease.hpp"

#include <prometheus/gauge.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// A backend that keeps what it gets.
struct applicant_state {
  static constexpr const char* name = "applicant";
  std::shared_ptr<const lease> held;
  bool turned_away = false;
};

caf::behavior applicant(caf::stateful_actor<applicant_state>* self, const gate_actor& gate,
                        incarnation life, bool suspect) {
  self->request(gate, caf::infinite, lease_request{life, suspect})
    .then([self](lease_granted& x) { self->state.held = std::move(x.value); },
          [self](const caf::error&) { self->state.turned_away = true; });
  return {
    [self](caf::connect_atom) { self->state.held->connected(); },
    [self](caf::close_atom) { self->state.held.reset(); },
  };
}

struct fixture : test::actor_system {
  ~fixture() override {
    for (const auto& x : applicants)
      stop(x);
    stop(aut);
  }

  void start(uint64_t descriptors, uint32_t places) {
    aut = sys.spawn(gate, descriptor_plan{.limit = descriptors + 10, .sessions = descriptors},
                    gate_metrics{&connecting, &waiting, &without}, nullptr, places);
    sched.run();
  }

  caf::actor apply(bool suspect = false) {
    applicants.push_back(sys.spawn(applicant, aut, applicants.size() + 1, suspect));
    sched.run();
    return applicants.back();
  }

  const applicant_state& state(const caf::actor& x) {
    return dynamic_cast<caf::stateful_actor<applicant_state>&>(
             *caf::actor_cast<caf::abstract_actor*>(x))
      .state;
  }

  bool holds(const caf::actor& x) { return state(x).held != nullptr; }

  template <class Atom>
  void tell(const caf::actor& x, Atom atom) {
    self->send(x, atom);
    sched.run();
  }

  void pass(caf::timespan x) {
    for (; x > 0ms; x -= 200ms) {
      advance_time(200ms);
      sched.run();
    }
  }

  prometheus::Gauge connecting;
  prometheus::Gauge waiting;
  prometheus::Gauge without;
  gate_actor aut;
  std::vector<caf::actor> applicants;
};

} // namespace

FIXTURE_SCOPE(gate_tests, fixture)

TEST(the next one comes in when an attempt succeeds) {
  start(10, 1);
  auto first = apply();
  auto second = apply();
  CHECK(holds(first));
  CHECK(!holds(second));
  CHECK_EQUAL(waiting.Value(), 1);
  tell(first, caf::connect_atom_v);
  CHECK(holds(second));
  CHECK_EQUAL(connecting.Value(), 1);
}

TEST(who dies gives its place back) {
  start(10, 1);
  auto first = apply();
  auto second = apply();
  stop(first);
  CHECK(holds(second));
}

TEST(who dies while it waits has no turn) {
  start(10, 1);
  auto first = apply();
  auto second = apply();
  auto third = apply();
  stop(second);
  tell(first, caf::close_atom_v);
  CHECK(holds(third));
  CHECK_EQUAL(connecting.Value(), 1);
}

TEST(a session keeps its descriptor and others are turned away) {
  test::captured_log log;
  start(1, 5);
  auto first = apply();
  tell(first, caf::connect_atom_v);
  auto second = apply();
  apply();
  pass(10s);
  CHECK(!holds(second));
  CHECK(state(second).turned_away);
  CHECK_EQUAL(without.Value(), 2);
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines().front().starts_with("error 2 backends are not connected"));
  tell(first, caf::close_atom_v);
  auto third = apply();
  CHECK(holds(third));
}

TEST(suspects that the pace holds back come in with time) {
  start(1000, 200);
  for (int i = 0; i < 60; ++i)
    apply(true);
  auto held = [this] {
    return std::ranges::count_if(applicants, [this](auto& x) { return holds(x); });
  };
  CHECK(held() <= 50);
  pass(1s);
  CHECK_EQUAL(held(), 60);
}

FIXTURE_SCOPE_END()
