// SETUP's run against a fake session and a fake clock.
#define SUITE setup

#include "actors/backend/setup.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/fake_session.hpp"

#include "actors/backend/lease.hpp"
#include "actors/backend/setup_sql.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

worker_actor::behavior_type fake_worker(worker_actor::pointer, const std::string* unreadable) {
  return {
    [=](const lookup& x) -> caf::result<lookup_result> {
      if (!x.password_file.empty() && x.password_file == *unreadable)
        return caf::make_error(ec::unreadable_file, "cannot read " + x.password_file);
      return lookup_result{{"10.0.0.1", "10.0.0.2"},
                           x.password_file.empty() ? "" : "in " + x.password_file};
    },
    [](const cancel_request&) { /* not asked for */ },
    [](caf::ok_atom, uint64_t) { /* it has no threads */ },
  };
}

gate_actor::behavior_type fake_gate(gate_actor::pointer self, int* leases) {
  return {
    [=](const lease_request&) {
      ++*leases;
      return lease_granted{std::make_shared<lease>(caf::actor_cast<gate_actor>(self), 1)};
    },
    [](const lease_connected&) {},
    [=](const lease_returned&) { --*leases; },
    [](const reconfigured&) {},
    [](caf::tick_atom) {},
  };
}

struct fixture : test::actor_system {
  fixture() {
    options.setup = {true, "admin", "admin's file"};
    options.password_file = "role's file";
    spoken.answer = [this](size_t i) {
      return statement_result{i, nullptr, false, i == 0 ? statement_error : std::nullopt};
    };
  }

  ~fixture() override { stop(aut, worker, gate); }

  void start(const std::string& address = {}) {
    backend target{"id", "alpha", "db.example", 5433, "watched", "role", {}, "static"};
    aut = sys.spawn(setup, setup_arguments{target, std::make_shared<const settings>(options),
                                           std::make_shared<const connection_context>(context),
                                           address, 1});
    sys.spawn([this](caf::event_based_actor* asker) {
      asker->request(aut, caf::infinite, caf::get_atom_v)
        .then([this](caf::ok_atom) { done = true; }, [this](const caf::error& x) { problem = x; });
    });
    sched.run();
  }

  void socket_event() {
    REQUIRE(sockets.user != nullptr);
    self->send(sockets.user, sockets.last);
    sched.run();
  }

  std::string words() const { return problem ? sentence_of(problem) : std::string{}; }

  test::session_script spoken;
  std::optional<session_error> statement_error; ///< Of each flight's first statement.
  test::fake_sockets sockets;
  settings options;
  std::string unreadable;
  int leases = 0;
  bool done = false;
  caf::error problem;
  worker_actor worker = sys.spawn(fake_worker, &unreadable);
  gate_actor gate = sys.spawn(fake_gate, &leases);
  connection_context context{&sockets,
                             worker,
                             gate,
                             nullptr,
                             [this] { return std::make_unique<test::fake_session>(spoken); },
                             [] { return 0.5; },
                             [] { return 1e9; }};
  setup_actor aut;
};

} // namespace

FIXTURE_SCOPE(setup_tests, fixture)

TEST(the administrator works in the database of the installation) {
  start();
  CHECK_EQUAL(leases, 1);
  CHECK_EQUAL(spoken.parameter("dbname"), "postgres");
  CHECK_EQUAL(spoken.parameter("user"), "admin");
  CHECK_EQUAL(spoken.parameter("password"), "in admin's file");
  CHECK_EQUAL(spoken.parameter("port").substr(0, 4), "5433");
  CHECK_EQUAL(spoken.parameter("hostaddr"), "10.0.0.1,10.0.0.2");
  socket_event();
  REQUIRE(spoken.flights.size() == 1);
  auto expected = setup_statements(150018, "role", "");
  REQUIRE(spoken.flights[0].size() == expected.size());
  for (const auto& x : spoken.flights[0]) {
    CHECK(!x.pins.empty());
    CHECK(!x.prepare);
  }
  CHECK(!done);
  socket_event();
  CHECK(done);
  CHECK_EQUAL(spoken.alive, 0);
  CHECK(sockets.user == nullptr);
  CHECK_EQUAL(leases, 0);
}

TEST(the password of the role goes to the server as a verifier only) {
  start();
  socket_event();
  std::string sent;
  for (const auto& x : spoken.flights.at(0))
    sent += x.pins + x.sql;
  CHECK(sent.find("SCRAM-SHA-256$") != std::string::npos);
  CHECK(sent.find("in role's file") == std::string::npos);
  CHECK(sent.find("in role''s file") == std::string::npos);
}

TEST(the address that has answered is the one that is set up) {
  start("10.0.0.2");
  CHECK_EQUAL(spoken.parameter("hostaddr"), "10.0.0.2");
}

TEST(before 10 the watched database gets its functions) {
  spoken.facts.version = 90624;
  start();
  socket_event();
  CHECK(spoken.flights.empty());
  CHECK_EQUAL(spoken.parameter("dbname"), "watched");
  CHECK_EQUAL(spoken.alive, 1);
  socket_event();
  CHECK_EQUAL(spoken.flights.size(), 1u);
  socket_event();
  CHECK(done);
}

TEST(nothing is sent to a standby) {
  spoken.facts.role = server_role::standby;
  start();
  socket_event();
  CHECK(problem == ec::is_standby);
  CHECK(spoken.flights.empty());
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(a pooler that refuses startup options is asked without them once) {
  session_error refusal{failure::other, "08P01", "unsupported startup parameter"};
  spoken.refusals = {refusal};
  start();
  CHECK(!spoken.parameter("options").empty());
  socket_event();
  REQUIRE(spoken.connects == 2);
  CHECK(spoken.parameter("options").empty());
  socket_event();
  socket_event();
  CHECK(done);
}

TEST(a pooler that refuses us without options too is a failure) {
  session_error refusal{failure::other, "08P01", "no"};
  spoken.refusals = {refusal, refusal};
  start();
  socket_event();
  socket_event();
  CHECK_EQUAL(words(), "no");
  CHECK_EQUAL(spoken.connects, 2);
  CHECK_EQUAL(leases, 0);
}

TEST(the first statement that fails is what stands in the way) {
  statement_error = session_error{failure::query, "42501", "permission denied"};
  start();
  socket_event();
  socket_event();
  CHECK_EQUAL(words(), "permission denied");
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(a session that breaks is what stands in the way) {
  spoken.next_receive_error = session_error{failure::network, "57P01", "terminating connection"};
  start();
  socket_event();
  socket_event();
  CHECK_EQUAL(words(), "terminating connection");
}

TEST(a password file that cannot be read is named before anything is connected to) {
  for (const auto* file : {"admin's file", "role's file"}) {
    unreadable = file;
    start();
    CHECK_EQUAL(words(), std::string{"cannot read "} + file);
    CHECK_EQUAL(spoken.connects, 0);
  }
}

TEST(a server that says nothing is given up) {
  start();
  sched.advance_time(options.connections.connect_timeout + 9s);
  sched.run();
  CHECK(words().empty());
  sched.advance_time(1s);
  sched.run();
  CHECK_EQUAL(words(), "it took too long");
  CHECK_EQUAL(spoken.alive, 0);
  CHECK(sockets.user == nullptr);
}

TEST(an event of an earlier watch says nothing) {
  start();
  self->send(sockets.user, socket_ready{sockets.last.watch - 1, 1});
  sched.run();
  CHECK(spoken.flights.empty());
  socket_event();
  CHECK_EQUAL(spoken.flights.size(), 1u);
}

TEST(a socket that cannot be watched is what stands in the way) {
  start();
  self->send(sockets.user, socket_ready{sockets.last.watch, 0});
  sched.run();
  CHECK_EQUAL(words(), "the system can't watch one more socket");
}

FIXTURE_SCOPE_END()
