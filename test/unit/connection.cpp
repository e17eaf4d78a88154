// The CONNECTION's state machine against a fake session and a fake clock.
#define SUITE connection

#include "actors/backend/connection.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/captured_log.hpp"
#include "test/unit/fake_session.hpp"

#include "actors/backend/conninfo.hpp"

#include <algorithm>
#include <cmath>

#include <libpq-fe.h>
#include <sys/epoll.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// A result with one row and one column.
std::shared_ptr<const pg_result> one_value(const char* column, std::string value) {
  auto* result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::string name = column;
  PGresAttDesc description{name.data(), 0, 0, 0, 25, -1, -1};
  PQsetResultAttrs(result, 1, &description);
  PQsetvalue(result, 0, 0, value.data(), static_cast<int>(value.size()));
  return {result, [](const pg_result* x) { PQclear(const_cast<PGresult*>(x)); }};
}

/// The blocks that came.
using seen_blocks = std::vector<block_ptr>;

registry_actor::behavior_type fake_registry(registry_actor::pointer, seen_blocks* to) {
  return {
    [](const backend_known&) {},
    [](const backend_forgotten&) {},
    [to](const backend_samples& x) { to->push_back(x.samples); },
    [](const database_samples&) {},
    [](const reconfigured&) {},
    [](caf::tick_atom) {},
  };
}

struct worker_log_state {
  static constexpr const char* name = "fake-worker";
  explicit worker_log_state(worker_actor::pointer) {}
  std::vector<lookup> lookups;
  std::vector<std::string> addresses{"127.0.0.1"};
  int cancels = 0;
  bool fails = false;
};

worker_actor::behavior_type fake_worker(worker_actor::stateful_pointer<worker_log_state> self) {
  return {
    [self](const lookup& x) -> caf::result<lookup_result> {
      self->state.lookups.push_back(x);
      if (self->state.fails)
        return caf::make_error(ec::dns_failed, "cannot resolve " + x.host);
      return lookup_result{self->state.addresses, "secret"};
    },
    [self](const cancel_request&) { ++self->state.cancels; },
    [](caf::ok_atom, uint64_t) { /* it has no threads */ },
  };
}

struct listener_state {
  static constexpr const char* name = "fake-scheduler";
  explicit listener_state(readiness_listener::pointer) {}
  int ready = 0;
};

readiness_listener::behavior_type
fake_scheduler(readiness_listener::stateful_pointer<listener_state> self) {
  return {[self](const backend_ready&) { ++self->state.ready; }};
}

query_definition simple_query(const std::string& name) {
  return {name,
          "",
          {{90200, 0, server_role::unknown, {}, "SELECT 1 AS x"}},
          {},
          {{"x", name + "_x", "x", metric_type::gauge}}};
}

struct fixture : test::actor_system {
  ~fixture() override { stop(aut, registry, worker, scheduler); }

  void start(const std::string& address = "127.0.0.1") {
    backend target{"id", "alpha", address, 5432, "db", "user", {}, "static"};
    target.kind = kind;
    target.collect = rules;
    aut = sys.spawn(connection,
                    connection_arguments{target, 1, metrics, registry, scheduler,
                                         std::make_shared<const settings>(options), context});
    sched.run();
  }

  /// The backend is the console of a pgbouncer.
  void be_console() {
    kind = backend_kind::pgbouncer;
    auto pools = simple_query("pools");
    pools.kind = kind;
    pools.variants = {{11200, 0, server_role::unknown, {}, "SHOW POOLS"}};
    queries = std::make_shared<const catalogue>(std::vector{simple_query("first"), pools});
    metrics = std::make_shared<backend_metrics>(queries);
    spoken.facts = {11800, server_role::pgbouncer, 0};
    context->consoles = std::exchange(context->sessions, nullptr);
  }

  /// The socket that is watched becomes ready.
  void socket_event() {
    auto user = std::exchange(sockets.user, nullptr);
    REQUIRE(user != nullptr);
    self->send(user, sockets.last);
    sched.run();
  }

  void become_ready() {
    start();
    socket_event();
    REQUIRE(state() == backend_state::ready);
  }

  /// The other side ends the session.
  void end_session() {
    spoken.next_receive_error = session_error{failure::ended, "57P01", "terminating connection"};
    socket_event();
    spoken.next_receive_error.reset();
  }

  /// Asks for a poll whose report nobody reads.
  void ask() {
    self->send(aut, poll{1});
    sched.run();
  }

  backend_state state() { return metrics->state; }

  /// Answers every statement of the last flight, `good` values for queries.
  void answer_all() {
    for (size_t i = 0; i < spoken.flights.back().size(); ++i)
      spoken.ready.push_back({i, one_value("x", i == 0 ? "" : "t"), true, std::nullopt});
    socket_event();
  }

  uint64_t failures(failure x) { return metrics->failures(x); }

  /// The queries that have rows in the newest block.
  std::vector<size_t> shown() const {
    std::vector<size_t> result;
    for (size_t i = 0; !blocks.empty() && i < queries->queries().size(); ++i)
      if (blocks.back()->of(i).rows() > 0)
        result.push_back(i);
    return result;
  }

  test::session_script spoken;
  backend_kind kind = backend_kind::postgres;
  collect_rules rules;
  settings options;
  test::fake_sockets sockets;
  catalogue_ptr queries = std::make_shared<const catalogue>(
    std::vector<query_definition>{simple_query("first"), simple_query("second")});
  metrics_ptr metrics = std::make_shared<backend_metrics>(queries);
  seen_blocks blocks;
  registry_actor registry = sys.spawn(fake_registry, &blocks);
  worker_actor worker = sys.spawn(fake_worker);
  readiness_listener scheduler = sys.spawn(fake_scheduler);
  std::shared_ptr<connection_context> context = std::make_shared<connection_context>(
    connection_context{&sockets,
                       worker,
                       {},
                       nullptr,
                       [this] { return std::make_unique<test::fake_session>(spoken); },
                       [] { return 0.5; },
                       [] { return 1e9; }});
  connection_actor aut;
};

} // namespace

FIXTURE_SCOPE(connection_tests, fixture)

TEST(a connected backend is ready and says so) {
  become_ready();
  CHECK_EQUAL(state_of<listener_state>(scheduler).ready, 1);
  CHECK_EQUAL(metrics->server_version.load(), 150018);
  CHECK_EQUAL(metrics->connects.load(), 1u);
  CHECK_EQUAL(sockets.last.events, static_cast<uint32_t>(EPOLLIN));
}

TEST(a literal address needs no name service) {
  become_ready();
  CHECK(state_of<worker_log_state>(worker).lookups.empty());
}

TEST(a host name is resolved at every connect) {
  start("db.example");
  socket_event();
  CHECK_EQUAL(state_of<worker_log_state>(worker).lookups.size(), 1u);
  spoken.next_receive_error = session_error{failure::network, "", "gone"};
  socket_event();
  spoken.next_receive_error.reset();
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(state_of<worker_log_state>(worker).lookups.size(), 2u);
  CHECK_EQUAL(spoken.parameter("hostaddr"), "127.0.0.1");
}

TEST(a name that does not exist is a dns failure) {
  state_of<worker_log_state>(worker).fails = true;
  start("db.example");
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::dns), 1u);
}

TEST(an attempt that hangs ends after connect_timeout) {
  spoken.stuck = true;
  start();
  socket_event();
  advance_time(2999ms);
  sched.run();
  CHECK(state() == backend_state::connecting);
  advance_time(1ms);
  sched.run();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::timeout), 1u);
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(attempts back off from one second to five) {
  spoken.connect_error = session_error{failure::refused, "", "Connection refused"};
  start();
  socket_event();
  auto expected = 1;
  for (auto wait : {1000ms, 2000ms, 4000ms, 5000ms, 5000ms}) {
    CHECK_EQUAL(spoken.connects, expected);
    advance_time(wait - 1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, expected);
    advance_time(1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, ++expected);
    socket_event();
  }
  CHECK_EQUAL(failures(failure::refused), 6u);
}

TEST(a poll sends everything in one flight) {
  become_ready();
  ask();
  CHECK(state() == backend_state::polling);
  REQUIRE(spoken.flights.size() == 1u);
  const auto& flight = spoken.flights[0];
  REQUIRE(flight.size() == 6u); // arrival, guards, role, rights, two queries
  CHECK_EQUAL(flight[0].sql, "");
  CHECK_EQUAL(flight[1].sql, session_pins(polling_limits({}), 150018, 4711));
  // Whether the session is ours alone is not known yet.
  for (size_t i = 2; i < 6; ++i) {
    CHECK_EQUAL(flight[i].pins, local_pins(polling_limits({}), 150018));
    CHECK(!flight[i].prepare);
  }
}

TEST(later polls use what is prepared and send nothing twice) {
  become_ready();
  ask();
  answer_all();
  CHECK(state() == backend_state::ready);
  ask();
  CHECK(spoken.flights.back()[1].prepare);
  CHECK(spoken.flights.back()[1].pins.empty());
  answer_all();
  ask();
  const auto& flight = spoken.flights.back();
  REQUIRE(flight.size() == 3u); // arrival, two queries
  CHECK(!flight[1].prepare);
  CHECK(flight[1].sql.empty());
  CHECK_EQUAL(flight[1].name, spoken.flights[1][1].name);
}

TEST(behind a pooler settings go with each query and nothing is prepared) {
  become_ready();
  ask();
  for (size_t i = 0; i < 6; ++i)
    spoken.ready.push_back({i, one_value("x", i == 1 ? "f" : "t"), false, std::nullopt});
  socket_event();
  CHECK(metrics->role.load() == server_role::standby); // what it answered, not what it announced
  ask();
  const auto& flight = spoken.flights.back();
  REQUIRE(flight.size() == 5u); // arrival, role, rights, two queries
  CHECK_EQUAL(flight[1].sql, "SELECT pg_catalog.pg_is_in_recovery()");
  for (size_t i = 1; i < 5; ++i)
    CHECK(!flight[i].pins.empty());
  CHECK(flight[4].name.empty());
}

TEST(results become a block when the poll is over) {
  become_ready();
  ask();
  answer_all();
  CHECK_EQUAL(blocks.size(), 1u);
  CHECK_EQUAL(shown(), (std::vector<size_t>{0, 1}));
  CHECK(metrics->up.load());
  CHECK_EQUAL(metrics->last_success.load(), 1e9);
}

TEST(one query that fails fails alone) {
  become_ready();
  ask();
  answer_all();
  ask();
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  spoken.ready.push_back(
    {1, nullptr, false, session_error{failure::timeout, "57014", "canceling"}});
  spoken.ready.push_back({2, one_value("x", "1"), false, std::nullopt});
  socket_event();
  CHECK(state() == backend_state::ready);
  CHECK(metrics->up.load());
  CHECK_EQUAL(metrics->query(0).timeouts.load(), 1u);
  CHECK_EQUAL(metrics->query(1).timeouts.load(), 0u);
  CHECK_EQUAL(failures(failure::timeout), 1u);
}

TEST(a query that may have failed for being prepared is sent whole from then on) {
  become_ready();
  for (int i = 0; i < 2; ++i) {
    ask();
    answer_all();
  }
  for (int i = 0; i < 2; ++i) {
    ask();
    spoken.ready.push_back({0, nullptr, false, std::nullopt});
    spoken.ready.push_back({1, nullptr, false, session_error{failure::query, "0A000", "no"}});
    spoken.ready.push_back({2, one_value("x", "1"), false, std::nullopt});
    socket_event();
  }
  const auto& flight = spoken.flights.back();
  CHECK_EQUAL(flight[1].sql, "SELECT 1 AS x");
  CHECK(flight[1].name.empty() && !flight[1].prepare);
  CHECK(flight[2].sql.empty());
  CHECK_EQUAL(flight[2].name, spoken.flights[1][2].name);
}

TEST(what the failure of another query has skipped is sent again within the poll) {
  become_ready();
  ask();
  answer_all();
  ask();
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  spoken.ready.push_back({1, nullptr, false, session_error{failure::query, "22012", "no"}});
  spoken.ready.push_back({2, nullptr, false, std::nullopt, true});
  socket_event();
  CHECK(state() == backend_state::polling);
  REQUIRE(spoken.flights.size() == 3u);
  REQUIRE(spoken.flights[2].size() == 2u); // arrival, the second query
  CHECK_EQUAL(metrics->query(1).errors.load(), 0u);
  answer_all();
  CHECK(state() == backend_state::ready);
  CHECK(metrics->up.load());
  CHECK_EQUAL(metrics->query(0).errors.load(), 1u);
  CHECK_EQUAL(metrics->query(1).errors.load(), 0u);
  CHECK_EQUAL(shown(), std::vector<size_t>{1});
  CHECK_EQUAL(blocks.size(), 2u);
}

TEST(startup options that are refused are left out at once and for good) {
  spoken.connect_error = session_error{failure::other, "08P01", "unsupported startup parameter"};
  start();
  CHECK(spoken.parameters.contains("options"));
  socket_event();
  CHECK_EQUAL(spoken.connects, 2);
  CHECK(!spoken.parameters.contains("options"));
  CHECK_EQUAL(failures(failure::other), 0u);
  spoken.connect_error.reset();
  socket_event();
  CHECK(state() == backend_state::ready);
  spoken.next_receive_error = session_error{failure::network, "", "gone"};
  socket_event();
  spoken.next_receive_error.reset();
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 3);
  CHECK(!spoken.parameters.contains("options"));
}

TEST(a server that refuses without options too has failed) {
  spoken.connect_error = session_error{failure::other, "08P01", "no such database"};
  start();
  socket_event();
  socket_event();
  CHECK_EQUAL(spoken.connects, 2);
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::other), 1u);
}

TEST(a poll of a backend that is not ready is answered at once) {
  spoken.connect_error = session_error{failure::refused, "", "Connection refused"};
  start();
  socket_event();
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  res.receive(
    [](const poll_report& x) {
      CHECK(!x.polled);
      CHECK(x.reason == failure::refused);
    },
    [this](const caf::error& err) { FAIL(sys.render(err)); });
  CHECK_EQUAL(metrics->connect_errors.load(), 1u);
}

TEST(a setting that changes is told when the server has read its files again) {
  test::captured_log log;
  spoken.settings = {{"jit", "false", "off", "on", "", "false"}};
  become_ready();
  auto poll_again = [this] {
    ask();
    answer_all();
  };
  // The session's footing is known with the first poll, the facts come with it.
  poll_again();
  poll_again();
  CHECK_EQUAL(spoken.settings_asked, 1);
  spoken.settings = {{"jit", "false", "on", "on", "", "false"}};
  advance_time(1min);
  poll_again();
  poll_again();
  CHECK_EQUAL(spoken.settings_asked, 1);
  spoken.loaded = "again";
  advance_time(1min);
  poll_again();
  poll_again();
  CHECK_EQUAL(spoken.settings_asked, 2);
  CHECK_EQUAL(metrics->setting_changes.load(), 1u);
  auto lines = log.lines();
  CHECK(std::ranges::find(lines, "info backend alpha: setting jit is 'on', was 'off'")
        != lines.end());
}

TEST(a sample asks what is added up and makes no block) {
  auto waits = simple_query("second");
  waits.metrics.front().type = metric_type::counter;
  waits.metrics.front().integral = true;
  queries = std::make_shared<const catalogue>(std::vector{simple_query("first"), waits});
  metrics = std::make_shared<backend_metrics>(queries);
  rules.sample = 1s;
  become_ready();
  auto sample = [this] {
    self->send(aut, poll{.sample = true});
    sched.run();
  };
  // Before its first poll a backend is not sampled.
  sample();
  CHECK(state() == backend_state::ready);
  CHECK(spoken.flights.empty());
  ask();
  answer_all();
  REQUIRE(blocks.size() == 1u);
  auto polls = metrics->poll_seconds.count();
  sample();
  CHECK(state() == backend_state::ready); // it was just asked
  advance_time(1s);
  sample();
  REQUIRE(state() == backend_state::polling);
  REQUIRE(spoken.flights.back().size() == 2u); // arrival, the second query
  answer_all();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(blocks.size(), 1u);
  CHECK_EQUAL(metrics->poll_seconds.count(), polls);
  CHECK_EQUAL(metrics->query(1).answers.load(), 2u);
  // The next poll shows what both have added up.
  advance_time(1s);
  ask();
  answer_all();
  REQUIRE(blocks.size() == 2u);
  CHECK(blocks.back()->of(1).rows() > 0);
}

TEST(a server that falls silent is cancelled and closed) {
  become_ready();
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  advance_time(1999ms);
  sched.run();
  CHECK(state() == backend_state::polling);
  advance_time(1ms);
  sched.run();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(state_of<worker_log_state>(worker).cancels, 1);
  CHECK_EQUAL(spoken.alive, 0);
  res.receive([](const poll_report& x) { CHECK(x.reason == failure::timeout); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
  CHECK(blocks.empty());
}

TEST(a server that sends a byte now and then is not silent but has to end within an interval) {
  become_ready();
  ask();
  for (int i = 0; i < 9; ++i) {
    advance_time(1s);
    socket_event();
    CHECK(state() == backend_state::polling);
  }
  advance_time(1s);
  sched.run();
  CHECK(state() == backend_state::backoff);
}

TEST(an idle connection that breaks is noticed at once) {
  become_ready();
  spoken.next_receive_error = session_error{failure::ended, "57P01", "terminating connection"};
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK(!metrics->up.load());
  CHECK_EQUAL(failures(failure::ended), 1u);
}

TEST(other labels cost no session) {
  become_ready();
  backend target{"id", "alpha", "127.0.0.1", 5432, "db", "user", {{"zone", "b"}}, "static"};
  self->send(aut, backend_changed{target});
  sched.run();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(spoken.connects, 1);
  ask();
  answer_all();
  CHECK_EQUAL(shown(), (std::vector<size_t>{0, 1}));
}

TEST(a password file of its own leads to another session) {
  become_ready();
  backend target{"id", "alpha", "127.0.0.1", 5432, "db", "user", {}, "static"};
  target.password_file = "own";
  target.parameters = {{"sslmode", "verify-full"}};
  self->send(aut, backend_changed{target});
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
  CHECK_EQUAL(state_of<worker_log_state>(worker).lookups.back().password_file, "own");
  CHECK_EQUAL(spoken.parameter("sslmode"), "verify-full");
}

TEST(a session that is ended while it idles is replaced and no failure) {
  become_ready();
  ask();
  answer_all();
  end_session();
  CHECK(state() == backend_state::connecting);
  CHECK_EQUAL(spoken.connects, 2);
  CHECK(metrics->up.load());
  socket_event();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(metrics->failures(failure::ended), 0u);
  // The next poll comes when it is due.
  CHECK_EQUAL(state_of<listener_state>(scheduler).ready, 1);
}

TEST(a replacement that is ended too comes back with the next poll) {
  become_ready();
  ask();
  answer_all();
  end_session();
  socket_event();
  end_session();
  CHECK(state() == backend_state::disconnected);
  CHECK_EQUAL(spoken.connects, 2);
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  CHECK_EQUAL(spoken.connects, 3);
  socket_event();
  CHECK(state() == backend_state::polling);
  answer_all();
  CHECK(state() == backend_state::ready);
  res.receive([](const poll_report& report) { CHECK(report.polled); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
  CHECK_EQUAL(metrics->failures(failure::ended), 0u);
  CHECK(metrics->up.load());
}

TEST(a poll that meets an ended session goes over another one) {
  become_ready();
  ask();
  answer_all();
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  end_session();
  CHECK(state() == backend_state::connecting);
  socket_event();
  CHECK(state() == backend_state::polling);
  CHECK(!spoken.flights.back().back().sql.empty());
  answer_all();
  res.receive([](const poll_report& report) { CHECK(report.reason == failure::none); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
  CHECK_EQUAL(blocks.size(), 2u);
  CHECK_EQUAL(shown(), (std::vector<size_t>{0, 1}));
  CHECK_EQUAL(metrics->failures(failure::ended), 0u);
}

TEST(a poll that breaks on two sessions in a row is an outage) {
  become_ready();
  ask();
  answer_all();
  ask();
  end_session();
  socket_event();
  end_session();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(metrics->failures(failure::ended), 1u);
}

TEST(a session that breaks in the middle of its answers is an outage) {
  become_ready();
  ask();
  answer_all();
  ask();
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  end_session();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(metrics->failures(failure::ended), 1u);
}

TEST(an idle loss whose replacement is refused is an outage) {
  become_ready();
  ask();
  answer_all();
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  end_session();
  spoken.connect_error = session_error{failure::refused, "", "Connection refused"};
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK(!metrics->up.load());
  CHECK_EQUAL(metrics->failures(failure::refused), 1u);
  res.receive(
    [](const poll_report& report) {
      CHECK(!report.polled);
      CHECK(report.reason == failure::refused);
    },
    [this](const caf::error& err) { FAIL(sys.render(err)); });
}

TEST(an old session is replaced by one made beside it) {
  options.connections.max_age = 100s;
  become_ready();
  ask();
  answer_all();
  advance_time(99s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 1);
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
  CHECK_EQUAL(spoken.alive, 2);
  CHECK(state() == backend_state::ready);
  socket_event();
  CHECK_EQUAL(spoken.alive, 1);
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(metrics->connects.load(), 2u);
  CHECK_EQUAL(state_of<listener_state>(scheduler).ready, 1);
  ask();
  answer_all();
  CHECK(metrics->up.load());
}

TEST(an old session is not replaced in the middle of a poll) {
  options.connections.max_age = 100s;
  become_ready();
  ask();
  answer_all();
  advance_time(100s);
  sched.run();
  auto successor = sockets.last;
  auto user = sockets.user;
  ask();
  CHECK(state() == backend_state::polling);
  auto polling = sockets.last;
  self->send(user, successor);
  sched.run();
  CHECK(state() == backend_state::polling);
  CHECK_EQUAL(spoken.alive, 2);
  sockets.last = polling;
  sockets.user = user;
  answer_all();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(spoken.alive, 1);
  CHECK_EQUAL(blocks.size(), 2u);
}

TEST(an old session is kept when no other can be made) {
  options.connections.max_age = 1000s;
  become_ready();
  ask();
  answer_all();
  spoken.connect_error = session_error{failure::role_limit, "53300", "too many connections"};
  advance_time(1000s);
  sched.run();
  socket_event();
  CHECK_EQUAL(spoken.alive, 1);
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(metrics->failures(failure::role_limit), 0u);
  CHECK(metrics->up.load());
  spoken.connect_error.reset();
  advance_time(59s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 3);
  socket_event();
  CHECK_EQUAL(spoken.alive, 1);
  CHECK_EQUAL(metrics->connects.load(), 2u);
}

TEST(a session is kept for ever when its age has no limit) {
  options.connections.max_age = 0s;
  become_ready();
  advance_time(100h);
  sched.run();
  CHECK_EQUAL(spoken.connects, 1);
}

TEST(a backend that is gone leaves no timer for longer than a minute) {
  options.connections.max_age = 1h;
  become_ready();
  self->send(aut, backend_removed{"id"});
  sched.run();
  CHECK_EQUAL(spoken.alive, 0);
  advance_time(1min);
  sched.run();
  CHECK(!sched.clock().has_pending_timeout());
}

TEST(a silent address costs its share of the time and the next one is tried) {
  state_of<worker_log_state>(worker).addresses = {"10.0.0.1", "10.0.0.2"};
  spoken.stuck = true;
  start("db.example");
  CHECK_EQUAL(spoken.parameter("hostaddr"), "10.0.0.1");
  advance_time(1500ms);
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
  CHECK_EQUAL(spoken.parameter("hostaddr"), "10.0.0.2");
  spoken.stuck = false;
  socket_event();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(metrics->failures(failure::timeout), 0u);
  // Next time the one that answered comes first.
  end_session();
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spoken.parameter("hostaddr"), "10.0.0.2");
}

TEST(addresses that are all silent are all named) {
  state_of<worker_log_state>(worker).addresses = {"10.0.0.1", "10.0.0.2"};
  spoken.stuck = true;
  start("db.example");
  advance_time(1500ms);
  sched.run();
  advance_time(1500ms);
  sched.run();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(metrics->failures(failure::timeout), 1u);
  CHECK_EQUAL(metrics->history.errors()->front().message,
              "10.0.0.1 did not answer within 1500 ms; 10.0.0.2 did not answer within 1500 ms");
}

TEST(a database that is gone is tried once a minute) {
  spoken.connect_error = session_error{failure::no_database, "3D000", "no such database"};
  start();
  socket_event();
  advance_time(59s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 1);
  advance_time(1s);
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
}

TEST(by order a session is closed and made again) {
  become_ready();
  ask();
  answer_all();
  self->send(aut, session_order{.connect = false});
  sched.run();
  CHECK(state() == backend_state::disconnected);
  CHECK_EQUAL(spoken.alive, 0);
  auto res = self->request(aut, caf::infinite, poll{1});
  sched.run();
  res.receive([](const poll_report& report) { CHECK(!report.polled); },
              [this](const caf::error& err) { FAIL(sys.render(err)); });
  advance_time(2h);
  sched.run();
  CHECK_EQUAL(spoken.connects, 1);
  self->send(aut, session_order{});
  sched.run();
  CHECK(state() == backend_state::connecting);
  socket_event();
  CHECK(state() == backend_state::ready);
  CHECK_EQUAL(state_of<listener_state>(scheduler).ready, 2);
}

TEST(an order to let go waits for the end of a poll) {
  become_ready();
  ask();
  self->send(aut, session_order{.connect = false});
  sched.run();
  CHECK(state() == backend_state::polling);
  answer_all();
  CHECK(state() == backend_state::disconnected);
  CHECK_EQUAL(spoken.alive, 0);
  CHECK_EQUAL(blocks.size(), 1u);
}

TEST(rights are asked again within a minute) {
  become_ready();
  ask();
  answer_all();
  CHECK(metrics->setup.load() == setup_state::done);
  auto usual = [&] {
    ask();
    auto size = spoken.flights.back().size();
    answer_all();
    return size;
  };
  auto without = usual();
  advance_time(50s);
  CHECK_EQUAL(usual(), without + 1);
  CHECK_EQUAL(usual(), without);
}

TEST(a server that accepts and breaks at the first poll is not asked again at once) {
  become_ready();
  for (auto wait : {1s, 2s, 4s}) {
    ask();
    spoken.next_receive_error = session_error{failure::network, "", "broke"};
    socket_event();
    spoken.next_receive_error.reset();
    auto before = spoken.connects;
    advance_time(wait - 1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, before);
    advance_time(1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, before + 1);
    socket_event();
  }
}

TEST(an event of a watch that was replaced is ignored) {
  become_ready();
  auto stale = sockets.last;
  ask();
  spoken.next_receive_error = session_error{failure::network, "", "must not be seen"};
  self->send(aut, stale);
  sched.run();
  CHECK(state() == backend_state::polling);
}

TEST(a promotion makes a new plan and asks for the rights again) {
  spoken.facts.role = server_role::standby;
  become_ready();
  ask();
  answer_all();
  CHECK(metrics->role.load() == server_role::standby);
  spoken.facts.role = server_role::primary;
  socket_event();
  CHECK(metrics->role.load() == server_role::primary);
  ask();
  CHECK_EQUAL(spoken.flights.back().size(), 4u); // arrival, rights, two queries
}

TEST(before 14 the role is asked in every flight) {
  spoken.facts = {130010, server_role::unknown, 4711};
  become_ready();
  ask();
  CHECK_EQUAL(spoken.flights.back()[2].sql, "SELECT pg_catalog.pg_is_in_recovery()");
  answer_all();
  CHECK(metrics->role.load() == server_role::standby);
  ask();
  CHECK_EQUAL(spoken.flights.back()[1].sql, "SELECT pg_catalog.pg_is_in_recovery()");
}

TEST(without guards nothing is prepared and nothing is set) {
  options.connections.guards = false;
  become_ready();
  CHECK(!spoken.parameters.contains("options"));
  ask();
  REQUIRE(spoken.flights.back().size() == 5u); // arrival, role, rights, two queries
  CHECK(spoken.flights.back()[3].name.empty());
  CHECK(!spoken.flights.back()[3].prepare);
  CHECK(!spoken.flights.back()[3].pins.empty());
}

TEST(new time limits make an idle connection connect anew) {
  become_ready();
  options.connections.query_timeout = 5s;
  self->send(aut, reconfigured{std::make_shared<const settings>(options), queries});
  sched.run();
  CHECK(state() == backend_state::connecting);
  CHECK_EQUAL(spoken.connects, 2);
  CHECK_EQUAL(failures(failure::network), 0u);
}

TEST(new time limits wait for the end of a poll) {
  become_ready();
  ask();
  options.connections.query_timeout = 5s;
  self->send(aut, reconfigured{std::make_shared<const settings>(options), queries});
  sched.run();
  CHECK(state() == backend_state::polling);
  answer_all();
  CHECK(state() == backend_state::connecting);
  CHECK_EQUAL(blocks.size(), 1u);
}

TEST(a configuration that changes nothing here changes nothing here) {
  become_ready();
  options.interval = 5s;
  self->send(aut, reconfigured{std::make_shared<const settings>(options), queries});
  sched.run();
  CHECK(state() == backend_state::ready);
}

TEST(a removed idle backend ends at once) {
  become_ready();
  self->send(aut, backend_removed{"id"});
  sched.run();
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(a removed backend in flight is cancelled and waited for) {
  become_ready();
  ask();
  self->send(aut, backend_removed{"id"});
  sched.run();
  CHECK_EQUAL(state_of<worker_log_state>(worker).cancels, 1);
  CHECK_EQUAL(spoken.alive, 1);
  advance_time(500ms);
  sched.run();
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(a removed backend in flight ends as soon as the results are in) {
  become_ready();
  ask();
  self->send(aut, backend_removed{"id"});
  sched.run();
  answer_all();
  CHECK_EQUAL(spoken.alive, 0);
}

TEST(a backend without rights and with setup disabled is polled all the same) {
  options.setup.enabled = false;
  become_ready();
  ask();
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  spoken.ready.push_back({1, nullptr, false, std::nullopt});
  spoken.ready.push_back({2, nullptr, false, std::nullopt});
  spoken.ready.push_back({3, one_value("complete", "f"), false, std::nullopt});
  spoken.ready.push_back({4, one_value("x", "1"), true, std::nullopt});
  spoken.ready.push_back({5, one_value("x", "1"), true, std::nullopt});
  socket_event();
  CHECK(metrics->setup.load() == setup_state::disabled);
  CHECK(metrics->up.load());
}

TEST(the last poll is remembered query by query) {
  become_ready();
  CHECK(metrics->history.last_poll() == nullptr);
  ask();
  advance_time(30ms);
  answer_all();
  auto poll = metrics->history.last_poll();
  REQUIRE(poll != nullptr);
  CHECK(poll->reason == failure::none);
  CHECK_EQUAL(poll->when, 1e9);
  CHECK_EQUAL(poll->duration, caf::timespan{30ms});
  CHECK_EQUAL(poll->round_trip, caf::timespan{30ms});
  REQUIRE(poll->queries.size() == 2);
  CHECK_EQUAL(poll->queries[1].query, 1u);
  CHECK(poll->queries[1].done);
  CHECK_EQUAL(poll->queries[1].rows, 1u);
  CHECK(poll->queries[1].bytes > 0);
  CHECK_EQUAL(poll->queries[1].end, caf::timespan{30ms});
}

TEST(a query that never answers is seen in the last poll and in the errors) {
  become_ready();
  ask();
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  spoken.ready.push_back({1, nullptr, false, std::nullopt});
  spoken.ready.push_back({2, nullptr, false, std::nullopt});
  spoken.ready.push_back({3, one_value("x", "t"), false, std::nullopt});
  spoken.ready.push_back({4, one_value("x", "1"), true, std::nullopt});
  socket_event();
  spoken.next_receive_error = session_error{failure::network, "", "gone"};
  socket_event();
  auto poll = metrics->history.last_poll();
  REQUIRE(poll != nullptr);
  CHECK(poll->reason == failure::network);
  REQUIRE(poll->queries.size() == 2);
  CHECK(poll->queries[0].done);
  CHECK(!poll->queries[1].done);
  auto errors = metrics->history.errors();
  REQUIRE(errors->size() == 1);
  CHECK_EQUAL(errors->front().what, "connection");
  CHECK_EQUAL(errors->front().message, "gone");
}

TEST(a query that fails is remembered with its SQLSTATE) {
  become_ready();
  ask();
  for (size_t i = 0; i < 5; ++i)
    spoken.ready.push_back({i, one_value("x", "t"), true, std::nullopt});
  spoken.ready.push_back({5, nullptr, true, session_error{failure::timeout, "55P03", "locked"}});
  socket_event();
  auto poll = metrics->history.last_poll();
  REQUIRE(poll != nullptr && poll->queries.size() == 2);
  CHECK_EQUAL(poll->queries[1].sqlstate, "55P03");
  auto errors = metrics->history.errors();
  REQUIRE(errors->size() == 1);
  CHECK_EQUAL(errors->front().what, "second");
  CHECK_EQUAL(errors->front().sqlstate, "55P03");
}

TEST(time in each state is counted) {
  become_ready();
  advance_time(3s);
  ask();
  advance_time(500ms);
  auto now = sched.clock().now();
  const auto& history = metrics->history;
  CHECK_EQUAL(history.spent(backend_state::ready, now), caf::timespan{3s});
  CHECK_EQUAL(history.spent(backend_state::polling, now), caf::timespan{500ms});
  CHECK(history.since() == now - 500ms);
  answer_all();
}

TEST(a socket that can not be watched fails at once) {
  become_ready();
  self->send(sockets.user, socket_ready{sockets.last.watch, 0});
  sched.run();
  CHECK(metrics->state == backend_state::backoff);
  CHECK_EQUAL(metrics->failures(failure::other), 1u);
}

TEST(a server that sends too much waits longer and then without that query) {
  become_ready();
  ask();
  for (size_t i = 0; i + 1 < spoken.flights.back().size(); ++i) // all but the second query
    spoken.ready.push_back({i, one_value("x", "t"), true, std::nullopt});
  spoken.next_receive_error = session_error{failure::too_large, "", "too much"};
  socket_event();
  spoken.next_receive_error.reset();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::too_large), 1u);
  CHECK_EQUAL(metrics->query(0).errors.load(), 0u);
  CHECK_EQUAL(metrics->query(1).errors.load(), 1u);
  advance_time(30s - 1ms);
  sched.run();
  CHECK_EQUAL(spoken.connects, 1);
  advance_time(1ms);
  sched.run();
  CHECK_EQUAL(spoken.connects, 2);
  socket_event();
  ask();
  CHECK_EQUAL(metrics->planned.load(), 1u);
  answer_all();
  CHECK(metrics->up.load());
  advance_time(10min);
  ask();
  CHECK_EQUAL(metrics->planned.load(), 2u);
}

TEST(attempts at a server that sends too much back off to ten minutes) {
  spoken.connect_error = session_error{failure::too_large, "", "too much"};
  start();
  socket_event();
  auto expected = 1;
  for (auto wait : {30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
    advance_time(wait - 1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, expected);
    advance_time(1ms);
    sched.run();
    CHECK_EQUAL(spoken.connects, ++expected);
    socket_event();
  }
}

TEST(a result with too many rows fails alone) {
  options.connections.max_query_rows = 1;
  become_ready();
  ask();
  answer_all();
  ask();
  auto many = one_value("x", "1");
  std::string more = "2";
  PQsetvalue(const_cast<PGresult*>(many.get()), 1, 0, more.data(), 1);
  spoken.ready.push_back({0, nullptr, false, std::nullopt});
  spoken.ready.push_back({1, many, true, std::nullopt});
  spoken.ready.push_back({2, one_value("x", "1"), true, std::nullopt});
  socket_event();
  CHECK(state() == backend_state::ready);
  CHECK(metrics->up.load());
  CHECK_EQUAL(metrics->query(0).errors.load(), 1u);
  CHECK_EQUAL(metrics->query(1).errors.load(), 0u);
  CHECK_EQUAL(failures(failure::too_large), 1u);
  CHECK_EQUAL(shown(), std::vector<size_t>{1});
}

TEST(a console is asked with SHOW and nothing else) {
  be_console();
  CHECK(metrics->role == server_role::unknown);
  become_ready();
  CHECK(metrics->role == server_role::pgbouncer);
  CHECK_EQUAL(metrics->server_version, 11800);
  CHECK(!spoken.parameters.contains("options"));
  ask();
  CAF_REQUIRE_EQUAL(spoken.flights.size(), 1u);
  CHECK(
    (spoken.flights[0] == std::vector<statement>{{.sql = "SHOW VERSION"}, {.sql = "SHOW POOLS"}}));
  answer_all();
  CHECK(state() == backend_state::ready);
  CHECK(metrics->up);
  CHECK(metrics->setup == setup_state::unknown);
  // Nothing is prepared the second time either.
  ask();
  CHECK((spoken.flights.at(1) == spoken.flights[0]));
}

TEST(a console that lacks a role is no case for setup) {
  be_console();
  spoken.connect_error = session_error{failure::other, "08P01", "FATAL: not allowed"};
  start();
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::stats_users), 1u);
  CHECK_EQUAL(spoken.connects, 1);
  spoken.connect_error = session_error{failure::auth, "28P01", "FATAL: wrong password"};
  advance_time(1s);
  sched.run();
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::auth), 1u);
}

TEST(a server in place of a console is a failure) {
  be_console();
  spoken.facts = {150018, server_role::primary, 4711};
  start();
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::other), 1u);
  CHECK_EQUAL(spoken.alive, 0);
  CHECK_EQUAL(metrics->connects, 0u);
}

TEST(a console in place of a server is a failure) {
  spoken.facts = {11800, server_role::pgbouncer, 0};
  start();
  socket_event();
  CHECK(state() == backend_state::backoff);
  CHECK_EQUAL(failures(failure::other), 1u);
  CHECK_EQUAL(metrics->connects, 0u);
}

namespace {

/// What a primary says of its place in its cluster, with or without which server it is.
statement_result cluster_rows(bool whole) {
  using test::row;
  std::vector<row> rows{{"server", "false", "0/20", "00000002", {}, {}, {}, {}}};
  if (whole)
    rows.push_back({"identity", "7", "1", "10.0.0.1", "5432", "", "1", "true"});
  statement_result result;
  result.rows = test::make_rows(std::vector<std::string>(8, "x"), rows);
  return result;
}

} // namespace

TEST(which server it is is asked once a session and its place with each poll) {
  become_ready();
  spoken.cluster_answer = cluster_rows(true);
  ask();
  answer_all();
  auto first = metrics->report.load();
  REQUIRE(first != nullptr);
  CHECK_EQUAL(first->identity->system, "7");
  CHECK_EQUAL(first->reached_at, "127.0.0.1");
  CHECK(first->position == 32u);
  spoken.cluster_answer = cluster_rows(false);
  advance_time(1s);
  ask();
  answer_all();
  auto second = metrics->report.load();
  CHECK(second != first);
  CHECK(second->identity == first->identity);
  CHECK(second->when > first->when);
  ask();
  answer_all();
  const auto& asked = spoken.cluster_questions;
  REQUIRE(asked.size() == 3u);
  CHECK(asked[0].name.empty());
  CHECK(asked[1].prepare);
  CHECK(asked[1].sql.find("pg_control_system") == std::string::npos);
  CHECK(asked[2] == (statement{.name = "pgstatsmon_cluster", .sync = false}));
  // Another session may be another server's.
  end_session();
  ask();
  socket_event();
  CHECK(asked.back().sql.find("pg_control_system") != std::string::npos);
}

TEST(a server that hides its place is not asked again by its session and has not failed) {
  become_ready();
  spoken.cluster_answer.error = session_error{failure::query, "42501", "permission denied"};
  ask();
  answer_all();
  ask();
  answer_all();
  CHECK_EQUAL(spoken.cluster_questions.size(), 1u);
  CHECK(metrics->report.load() == nullptr);
  CHECK(metrics->up.load());
  CHECK_EQUAL(failures(failure::query), 0u);
  CHECK(metrics->history.errors()->empty());
  CHECK_EQUAL(blocks.size(), 2u);
  CHECK_EQUAL(shown(), (std::vector<size_t>{0, 1}));
}

TEST(behind a pooler which server it is is asked with each poll) {
  become_ready();
  spoken.cluster_answer = cluster_rows(true);
  ask();
  for (size_t i = 0; i < 6; ++i)
    spoken.ready.push_back({i, one_value("x", i == 1 ? "f" : "t"), false, std::nullopt});
  socket_event();
  ask();
  REQUIRE(spoken.cluster_questions.size() == 2u);
  CHECK(spoken.cluster_questions[1].sql.find("pg_control_system") != std::string::npos);
  CHECK(!spoken.cluster_questions[1].pins.empty());
}

TEST(the servers clock is compared with ours) {
  become_ready();
  CHECK(std::isnan(metrics->clock_offset.load()));
  ask();
  answer_all();
  CHECK_EQUAL(metrics->clock_offset.load(), 1000 - 1e9);
}

FIXTURE_SCOPE_END()
