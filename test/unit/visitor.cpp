// The VISITOR against fake sessions and a fake clock.
#define SUITE visitor

#include "actors/backend/visitor.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/rows.hpp"

#include <map>

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::make_rows;

namespace {

/// The server that the fake sessions are at.
struct script {
  std::map<std::string, session_error> refused; ///< By database.
  std::optional<session_error> receive_error;   ///< Of the next receive().
  std::vector<std::string> connected;           ///< Databases, in order.
  std::vector<statement> last_flight;
  std::string place = "t"; ///< Whether a session is in the database that it was made for.
  size_t alive = 0;
  size_t most = 0;
  size_t busy = 0; ///< Sessions that connect or have something to say.
};

class fake_session final : public session {
public:
  explicit fake_session(script& x) : script_{x} {
    script_.most = std::max(script_.most, ++script_.alive);
  }
  ~fake_session() override {
    be_busy(false);
    --script_.alive;
  }

  connect_progress connect(const connect_parameters& x) override {
    for (const auto& [key, value] : x)
      if (key == "dbname")
        script_.connected.push_back(database_ = value);
    be_busy(true);
    return connecting{interest::write};
  }

  connect_progress advance() override {
    be_busy(false);
    if (auto i = script_.refused.find(database_); i != script_.refused.end())
      return i->second;
    return established{};
  }

  [[nodiscard]] int socket() const override { return 7; }
  [[nodiscard]] server_facts facts() const override { return {150018, server_role::primary, 4711}; }

  std::optional<session_error> send(const std::vector<statement>& x) override {
    script_.last_flight = x;
    pending_ = x.size();
    be_busy(true);
    return std::nullopt;
  }

  [[nodiscard]] bool sending() const override { return false; }
  [[nodiscard]] size_t pending() const override { return pending_; }

  std::optional<session_error> receive(const result_handler& on_result) override {
    be_busy(false);
    if (script_.receive_error)
      return std::exchange(script_.receive_error, std::nullopt);
    for (size_t i = 0; pending_ > 0; ++i, --pending_)
      on_result({i,
                 make_rows({"n"}, {{i == 1   ? "t"
                                    : i == 2 ? script_.place
                                             : "1"}}),
                 true, std::nullopt});
    return std::nullopt;
  }

  [[nodiscard]] canceller_ptr cancellation() const override { return nullptr; }

private:
  void be_busy(bool x) {
    script_.busy += x ? 1 : 0;
    script_.busy -= std::exchange(busy_, x) ? 1 : 0;
  }

  script& script_;
  bool busy_ = false;
  std::string database_;
  size_t pending_ = 0;
};

struct fake_sockets final : socket_watcher {
  void watch(int, uint32_t events, socket_user who, uint64_t number) override {
    user = std::move(who);
    newest.push_back({number, events});
  }
  void forget(int) override {}

  socket_user user;
  std::vector<socket_ready> newest;
};

struct seen_blocks {
  std::map<std::string, block_ptr> of;
};

registry_actor::behavior_type fake_registry(registry_actor::pointer, seen_blocks* to) {
  return {
    [](backend_known&) {},
    [](backend_forgotten&) {},
    [](backend_samples&) {},
    [to](database_samples& x) {
      if (x.samples == nullptr)
        to->of.erase(x.database);
      else
        to->of.insert_or_assign(x.database, x.samples);
    },
    [](const reconfigured&) {},
    [](caf::tick_atom) {},
  };
}

query_definition query_named(const std::string& name, query_scope scope) {
  query_definition result;
  result.name = name;
  result.scope = scope;
  result.variants = {{90200, 0, server_role::unknown, {}, "SELECT 1 AS n"}};
  result.metrics = {{"n", name + "_n", "N.", metric_type::gauge}};
  return result;
}

struct fixture : test::actor_system {
  ~fixture() override { stop(aut, registry); }

  void start() {
    target.name = "alpha";
    target.address = "127.0.0.1";
    target.database = "own";
    target.databases.on = true;
    target.databases.keep = 4;
    aut = sys.spawn(visitor, visitor_arguments{target, 1, metrics, registry,
                                               std::make_shared<const settings>(options), context});
    sched.run();
  }

  void have(const std::string& name, uint64_t sessions = 0, std::string oid = "1") {
    list.databases.push_back({name, std::move(oid), sessions, 10});
  }

  void tell() {
    if (!aut)
      start();
    self->send(aut, server_seen{"", 150018, server_role::primary, true,
                                std::make_shared<const database_list>(list)});
    sched.run();
  }

  /// Every socket is ready until all sessions have said what they have to say.
  void work() {
    while (spoken.busy > 0 && !sockets.newest.empty()) {
      for (const auto& x : std::exchange(sockets.newest, {}))
        self->send(sockets.user, x);
      sched.run();
    }
  }

  const database_report& shown() const { return *metrics->databases.load(); }

  const database_state& of(const std::string& name) const {
    for (const auto& x : shown().watched)
      if (x->name == name)
        return *x;
    throw std::out_of_range{name};
  }

  void pass(caf::timespan x) {
    advance_time(x);
    sched.run();
  }

  script spoken;
  settings options;
  fake_sockets sockets;
  database_list list;
  seen_blocks blocks;
  backend target;
  catalogue_ptr queries = std::make_shared<const catalogue>(std::vector{
    query_named("server", query_scope::server), query_named("tables", query_scope::database)});
  metrics_ptr metrics = std::make_shared<backend_metrics>(queries);
  registry_actor registry = sys.spawn(fake_registry, &blocks);
  std::shared_ptr<connection_context> context = std::make_shared<connection_context>(
    connection_context{&sockets,
                       {},
                       {},
                       nullptr,
                       [this] { return std::make_unique<fake_session>(spoken); },
                       [] { return 0.5; },
                       [] { return 1e9; }});
  visitor_actor aut;
};

using names = std::vector<std::string>;

} // namespace

FIXTURE_SCOPE(visitor_tests, fixture)

TEST(each database is visited in turn and asked its own queries only) {
  have("a");
  have("b");
  tell();
  work();
  CHECK(spoken.connected == (names{"a", "b"}));
  CHECK_EQUAL(spoken.most, 1u);
  CHECK_EQUAL(spoken.alive, 0u);
  REQUIRE(spoken.last_flight.size() == 4u); // arrival, guards, place, the query
  REQUIRE(blocks.of.size() == 2u);
  CHECK_EQUAL(blocks.of["a"]->of(1).labels(0), R"(datname="a")");
  CHECK_EQUAL(blocks.of["a"]->of(0).rows(), 0u);
  CHECK(of("a").up && !of("a").kept);
  pass(29s);
  CHECK_EQUAL(spoken.connected.size(), 2u);
  pass(1s);
  work();
  CHECK_EQUAL(spoken.connected.size(), 4u);
}

TEST(a database that refuses is an affair of its own) {
  have("a");
  have("b");
  spoken.refused["a"] = {failure::auth, "42501", "permission denied for database"};
  tell();
  work();
  CHECK(of("a").tried && !of("a").up);
  CHECK_EQUAL(of("a").error, "permission denied for database");
  CHECK(of("b").up);
  CHECK_EQUAL(metrics->failures(failure::auth), 0u);
  CHECK(metrics->last_failure.load() == failure::none);
  spoken.refused.clear();
  pass(60s);
  work();
  CHECK(of("a").up);
  CHECK(of("a").error.empty());
}

TEST(what another database says is not shown under the name of this one) {
  have("a");
  spoken.place = "f";
  tell();
  work();
  CHECK(!blocks.of.contains("a"));
  CHECK(!of("a").up);
  CHECK(of("a").reason == failure::no_database);
  spoken.place = "t";
  pass(60s);
  work();
  CHECK(blocks.of.contains("a"));
  CHECK(of("a").up);
}

TEST(a database that is gone has no series at once and no line in the next list) {
  have("a");
  have("b");
  tell();
  work();
  spoken.refused["a"] = {failure::no_database, "3D000", "database \"a\" does not exist"};
  pass(30s);
  work();
  CHECK(!blocks.of.contains("a"));
  CHECK(blocks.of.contains("b"));
  list.databases.erase(list.databases.begin());
  tell();
  CHECK_EQUAL(shown().watched.size(), 1u);
}

TEST(a database that was made again is another one) {
  have("a");
  tell();
  work();
  list.databases[0].oid = std::string{"2"};
  tell();
  CHECK(!blocks.of.contains("a"));
  work();
  CHECK(blocks.of.contains("a"));
  CHECK_EQUAL(spoken.connected.size(), 2u);
}

TEST(a busy database keeps its session until it is alone in it) {
  have("a", 3);
  tell();
  work();
  CHECK(of("a").kept);
  CHECK_EQUAL(spoken.alive, 1u);
  pass(30s);
  CHECK_EQUAL(spoken.busy, 1u);
  work();
  CHECK_EQUAL(spoken.connected.size(), 1u); // the same session
  CHECK_EQUAL(spoken.alive, 1u);
  list.databases[0].sessions = 1; // ours
  tell();
  CHECK_EQUAL(spoken.alive, 0u);
}

TEST(without the session of the backend nobody is visited) {
  have("a", 3);
  have("b");
  tell();
  work();
  CHECK_EQUAL(spoken.alive, 1u);
  self->send(aut, session_order{.connect = false});
  sched.run();
  CHECK_EQUAL(spoken.alive, 0u);
  CHECK(!of("a").kept);
  pass(90s);
  CHECK_EQUAL(spoken.connected.size(), 2u);
  tell();
  work();
  CHECK_EQUAL(spoken.connected.size(), 4u);
}

TEST(a pause ends what idles and what is under way and visits go on after it) {
  have("a", 3);
  have("b");
  tell();
  work();
  CHECK_EQUAL(spoken.alive, 1u); // kept in a
  pass(30s);
  CHECK_EQUAL(spoken.busy, 1u);
  metrics->paused = true;
  self->send(aut, session_order{});
  sched.run();
  CHECK_EQUAL(spoken.alive, 0u);
  CHECK(!of("a").kept);
  pass(2min);
  CHECK_EQUAL(spoken.alive, 0u);
  auto before = spoken.connected.size();
  metrics->paused = false;
  self->send(aut, session_order{});
  sched.run();
  work();
  CHECK_EQUAL(spoken.connected.size(), before + 2);
  CHECK(of("a").kept);
}

TEST(a visit that hangs ends and the others go on) {
  have("a");
  have("b");
  tell();
  pass(2999ms);
  CHECK(spoken.connected == names{"a"});
  pass(1ms);
  CHECK(spoken.connected == (names{"a", "b"}));
  CHECK(of("a").reason == failure::timeout);
  work();
  CHECK(of("b").up);
}

TEST(what is too old is not shown) {
  have("a");
  tell();
  work();
  spoken.refused["a"] = {failure::refused, "", "no"};
  for (int i = 0; i < 6; ++i) {
    pass(30s);
    work();
  }
  CHECK(!blocks.of.contains("a"));
  CHECK(!of("a").up);
}

TEST(a session more than there is room for is not tried) {
  have("a");
  have("b");
  list.role_room = 0;
  tell();
  CHECK_EQUAL(spoken.connected.size(), 0u);
  list.role_room = 1;
  tell();
  work();
  CHECK_EQUAL(spoken.most, 1u);
  CHECK_EQUAL(blocks.of.size(), 2u);
}

FIXTURE_SCOPE_END()
