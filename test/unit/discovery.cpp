// DISCOVERY tells the SCHEDULER what its sources believe, and follows the configuration.
#define SUITE discovery
#include "actors/discovery/discovery.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/captured_log.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// What the SCHEDULER was told, in order: `+id`, `-id` and `~id`.
using news = std::vector<std::string>;

scheduler_actor::behavior_type scheduler_that_notes(scheduler_actor::pointer, news* to,
                                                    int* opened) {
  return {
    [to](const backend_added& x) { to->push_back('+' + x.value.id); },
    [to](const backend_removed& x) { to->push_back('-' + x.id); },
    [to](const backend_changed& x) { to->push_back('~' + x.value.id); },
    [](const backend_ready&) {},
    [opened](caf::open_atom) { ++*opened; },
    [](const reconfigured&) {},
    [](const poll_order&) { return poll_report{}; },
    [](const pause_order&) { return uint64_t{0}; },
    [](const resume_order&) { return uint64_t{0}; },
    [](caf::get_atom) { return scheduler_status{}; },
    [](caf::ping_atom) {},
    [](caf::tick_atom, uint64_t) {},
    [](caf::pending_atom, uint64_t) {},
    [](caf::reset_atom, incarnation) {},
    [](caf::close_atom) { return caf::ok_atom_v; },
    [](caf::timeout_atom) {},
  };
}

backend one(const std::string& name) {
  backend result;
  result.id = name + "@10.0.0.1:5432";
  result.name = name;
  result.address = "10.0.0.1";
  result.source = "dc1";
  return result;
}

/// A source that sends what the test wants sent.
using script = std::map<std::string, backend_list>;

source_actor::behavior_type scripted_source(source_actor::pointer self, discovery_actor listener,
                                            std::string source, script* lists) {
  return {
    [=](caf::tick_atom) { self->send(listener, source, (*lists)[source]); },
    [=](caf::timeout_atom, uint64_t) { self->quit(caf::sec::runtime_error); },
  };
}

struct fixture : test::actor_system {
  fixture() : metrics{registry} {
    scheduler = sys.spawn(scheduler_that_notes, &heard, &opened);
    x.vmapi.resize(1);
    x.vmapi[0].name = "dc1";
  }

  ~fixture() { stop(aut, scheduler); }

  void spawn() {
    auto start = [this](caf::local_actor& parent, source_job job) {
      jobs.push_back(job);
      auto result = parent.spawn(scripted_source, job.listener, job.spec.name, &lists);
      sources.insert_or_assign(job.spec.name, result);
      return result;
    };
    aut = sys.spawn(discovery, scheduler, configuration(), &metrics, source_starter{start});
    sched.run();
  }

  /// The source asks and finds this.
  void find(const std::string& source, backend_list xs) {
    lists[source] = std::move(xs);
    self->send(sources.at(source), caf::tick_atom_v);
    sched.run();
  }

  reconfigured configuration() const { return {std::make_shared<const settings>(x), queries}; }

  void reconfigure() {
    self->send(aut, configuration());
    sched.run();
  }

  /// What was heard since the last call.
  news said() { return std::exchange(heard, {}); }

  /// The value of a series on the page, or -1.
  double series(const std::string& family, const std::string& source,
                const std::string& other = {}) {
    for (const auto& f : registry.Collect())
      if (f.name == family)
        for (const auto& m : f.metric) {
          auto is = [&](const auto& l) { return l.value == source; };
          auto has = [&](const auto& l) { return other.empty() || l.value == other; };
          if (std::any_of(m.label.begin(), m.label.end(), is)
              && std::any_of(m.label.begin(), m.label.end(), has))
            return f.type == prometheus::MetricType::Gauge ? m.gauge.value : m.counter.value;
        }
    return -1;
  }

  prometheus::Registry registry;
  discovery_metrics metrics;
  settings x;
  catalogue_ptr queries = built_in_catalogue();
  news heard;
  int opened = 0; ///< How often the SCHEDULER was told of a first list.
  script lists;
  std::vector<source_job> jobs;
  std::map<std::string, source_actor> sources;
  scheduler_actor scheduler;
  discovery_actor aut;
};

static_backend entry(const std::string& name) {
  static_backend result;
  result.name = name;
  result.ip = "10.0.0.9";
  return result;
}

} // namespace

FIXTURE_SCOPE(discovery_tests, fixture)

TEST(the SCHEDULER hears once that a first list is there) {
  spawn();
  CHECK_EQUAL(opened, 0);
  find("dc1", {});
  CHECK_EQUAL(opened, 1);
  find("dc1", {one("a")});
  CHECK_EQUAL(opened, 1);
}

TEST(static backends are added at once) {
  x.vmapi.clear();
  x.static_backends = {entry("a"), entry("b")};
  spawn();
  CHECK(said() == news({"+a@10.0.0.9:5432/postgres", "+b@10.0.0.9:5432/postgres"}));
  CHECK_EQUAL(series("pgstatsmon_discovery_backends", "static"), 2);
  CHECK_EQUAL(opened, 1);
  CHECK_EQUAL(series("pgstatsmon_discovery_changes_total", "static", "added"), 2);
}

TEST(the list of a source becomes additions and removals and the removals come first) {
  spawn();
  CHECK_EQUAL(series("pgstatsmon_discovery_changes_total", "dc1", "added"), 0);
  CHECK_EQUAL(series("pgstatsmon_discovery_failures_total", "dc1", "timeout"), 0);
  CHECK_EQUAL(series("pgstatsmon_discovery_rejected_total", "dc1", "nic"), 0);
  find("dc1", {one("a"), one("b")});
  CHECK(said() == news({"+a@10.0.0.1:5432", "+b@10.0.0.1:5432"}));
  find("dc1", {one("a"), one("b")});
  CHECK(said() == news{});
  auto other = one("a");
  other.database = "moray";
  find("dc1", {other, one("c")});
  CHECK(said()
        == news({"-a@10.0.0.1:5432", "-b@10.0.0.1:5432", "+a@10.0.0.1:5432", "+c@10.0.0.1:5432"}));
  CHECK_EQUAL(series("pgstatsmon_discovery_backends", "dc1"), 2);
  CHECK_EQUAL(series("pgstatsmon_discovery_changes_total", "dc1", "added"), 4);
  CHECK_EQUAL(series("pgstatsmon_discovery_changes_total", "dc1", "removed"), 2);
}

TEST(a daemon of several watches its own shard) {
  x.shard = {.index = 0, .of = 2};
  spawn();
  backend_list all;
  for (int i = 0; i < 20; ++i)
    all.push_back(one("b" + std::to_string(i)));
  find("dc1", all);
  auto mine = said().size();
  CHECK(mine > 0);
  CHECK(mine < 20);
  // The other shard has the others.
  x.shard.index = 1;
  reconfigure();
  CHECK_EQUAL(said().size(), 20u);
  x.shard = {};
  reconfigure();
  CHECK_EQUAL(said().size(), mine);
}

TEST(other labels are a change and the log says what becomes of whom) {
  spawn();
  find("dc1", {one("a"), one("b"), one("c")});
  said();
  test::captured_log log;
  auto labelled = one("a");
  labelled.labels = {{"zone", "b"}};
  auto moved = one("b");
  moved.id = "b@10.0.0.1:5433";
  moved.port = 5433;
  find("dc1", {labelled, moved});
  CHECK(said()
        == news({"-b@10.0.0.1:5432", "-c@10.0.0.1:5432", "+b@10.0.0.1:5433", "~a@10.0.0.1:5432"}));
  CHECK(
    log.lines()
    == (std::vector<std::string>{
      "info backend b changed (dc1): address 10.0.0.1:5432 is now 10.0.0.1:5433: it starts anew",
      "info backend c removed (dc1): its source lists it no longer",
      "info backend a changed (dc1): labels: it goes on"}));
  CHECK(log.members().at(1) == R"(,"event":"backend_removed","backend":"c","source":"dc1")");
}

TEST(sources do not touch the backends of each other) {
  x.vmapi.resize(2);
  x.vmapi[1].name = "dc2";
  spawn();
  find("dc1", {one("a")});
  find("dc2", {one("b"), one("a")});
  CHECK(said() == news({"+a@10.0.0.1:5432", "+b@10.0.0.1:5432"}));
  find("dc2", {});
  CHECK(said() == news({"-b@10.0.0.1:5432"}));
}

TEST(nobody but the running source is heard under its name) {
  spawn();
  self->send(aut, std::string{"dc1"}, backend_list{one("a")});
  self->send(aut, std::string{"nobody"}, backend_list{one("a")});
  sched.run();
  CHECK(said() == news{});
}

TEST(a source that died keeps its list and starts again) {
  spawn();
  find("dc1", {one("a")});
  said();
  self->send(sources.at("dc1"), caf::timeout_atom_v, uint64_t{0});
  sched.run();
  CHECK_EQUAL(series("pgstatsmon_discovery_failures_total", "dc1", "crash"), 1);
  CHECK_EQUAL(jobs.size(), 1u);
  advance_time(10s);
  sched.run();
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[1].known == std::vector<std::string>{"a@10.0.0.1:5432"});
  find("dc1", {one("a"), one("b")});
  CHECK(said() == news({"+b@10.0.0.1:5432"}));
}

TEST(a new configuration touches only what it changes) {
  x.vmapi.resize(2);
  x.vmapi[1].name = "dc2";
  x.static_backends = {entry("s")};
  spawn();
  find("dc1", {one("a")});
  find("dc2", {one("b")});
  said();
  x.vmapi[1].labels = {{"datacenter", "dc2"}};
  x.static_backends.push_back(entry("t"));
  reconfigure();
  CHECK_EQUAL(jobs.size(), 3u);
  CHECK(!jobs[0].stop.stop_requested());
  CHECK(jobs[1].stop.stop_requested());
  CHECK_EQUAL(jobs[2].spec.name, "dc2");
  CHECK(said() == news({"+t@10.0.0.9:5432/postgres"}));
  auto labelled = one("b");
  labelled.labels = {{"datacenter", "dc2"}};
  find("dc2", {labelled});
  CHECK(said() == news({"~b@10.0.0.1:5432"}));
}

TEST(a list that is kept over a change of the queries loses what they double) {
  spawn();
  auto labelled = one("a");
  labelled.labels = {{"cluster", "east"}};
  find("dc1", {labelled, one("b")});
  said();
  auto changed = queries->queries();
  changed[0].labels.push_back("cluster");
  queries = std::make_shared<const catalogue>(std::move(changed));
  reconfigure();
  CHECK(said() == news({"-a@10.0.0.1:5432"}));
  CHECK_EQUAL(jobs.back().spec.defaults.query_labels.at("cluster"), "pg_stat_user_tables");
}

TEST(a source that the configuration no longer names leaves with its backends and metrics) {
  x.static_backends = {entry("s")};
  spawn();
  find("dc1", {one("a")});
  said();
  x.vmapi.clear();
  reconfigure();
  CHECK(said() == news({"-a@10.0.0.1:5432"}));
  CHECK(jobs[0].stop.stop_requested());
  CHECK_EQUAL(series("pgstatsmon_discovery_backends", "dc1"), -1);
  CHECK_EQUAL(series("pgstatsmon_discovery_failures_total", "dc1", "crash"), -1);
  CHECK_EQUAL(series("pgstatsmon_discovery_backends", "static"), 1);
}

TEST(the sources end with DISCOVERY) {
  spawn();
  self->send_exit(aut, caf::exit_reason::user_shutdown);
  sched.run();
  CHECK(jobs[0].stop.stop_requested());
}

TEST(the console hears how each source is) {
  x.static_backends = {entry("s")};
  spawn();
  find("dc1", {one("a"), one("b")});
  advance_time(5s);
  jobs.back().metrics->count(source_failure::timeout);
  jobs.back().metrics->count(reject_reason::nic);
  jobs.back().metrics->notes.set_problem("it took too long");
  jobs.back().metrics->notes.set_rejected({{"vm1", reject_reason::nic, "no NIC matches"}});
  auto res = self->request(aut, caf::infinite, caf::get_atom_v);
  sched.run();
  res.receive(
    [](const discovery_status& y) {
      REQUIRE(y.sources.size() == 2);
      CHECK_EQUAL(y.sources[0].kind, "static");
      CHECK_EQUAL(y.sources[0].backends, 1u);
      const auto& z = y.sources[1];
      CHECK_EQUAL(z.name, "dc1");
      CHECK_EQUAL(z.kind, "vmapi");
      CHECK(z.running && z.told);
      CHECK_EQUAL(z.backends, 2u);
      CHECK_EQUAL(z.added, 2u);
      CHECK_EQUAL(z.failures, 1u);
      CHECK_EQUAL(z.rejections, 1u);
      CHECK_EQUAL(z.last_change, caf::timespan{5s});
      CHECK_EQUAL(z.problem, "it took too long");
      CHECK_EQUAL(z.rejected, (std::vector<std::string>{"vm1 (nic): no NIC matches"}));
    },
    [this](const caf::error& err) { FAIL(sys.render(err)); });
}

FIXTURE_SCOPE_END()
