// A SOURCE asks, doubts, retries, remembers, and tells DISCOVERY what it believes.
#define SUITE polling_source
#include "actors/discovery/polling_source.hpp"

#include "test/unit/actor_test.hpp"

#include "actors/discovery/kept_list.hpp"

#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// What DISCOVERY was told, list by list.
using news = std::vector<backend_list>;

discovery_actor::behavior_type discovery_that_notes(discovery_actor::pointer, news* to) {
  return {
    [to](const std::string& source, const backend_list& xs) {
      CHECK_EQUAL(source, "dc1");
      to->push_back(xs);
    },
    [](const reconfigured&) {},
    [](caf::get_atom) { return discovery_status{}; },
    [](caf::reset_atom, const std::string&) {},
  };
}

std::vector<found_backend> fleet(size_t n) {
  std::vector<found_backend> result;
  for (size_t i = 0; i < n; ++i) {
    found_backend x;
    x.key = "uuid" + std::to_string(i);
    x.name = "db" + std::to_string(i);
    x.address = "10.0.0." + std::to_string(i);
    x.role = "postgres";
    x.labels = {{"rack", "1"}};
    result.push_back(std::move(x));
  }
  return result;
}

source_problem refused() {
  return {source_failure::connect, "connection refused"};
}

struct fixture : test::actor_system {
  fixture() : metrics{registry} {
    listener = sys.spawn(discovery_that_notes, &told);
    auto pattern = (std::filesystem::temp_directory_path() / "pgstatsmon-unit-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
    vmapi_settings how;
    how.name = "dc1";
    how.poll_interval = 60s;
    spec = {
      "dc1", how, {"dc1", 5432, "postgres", "pgstatsmon", {{"postgres", "moray"}}, {}, {}}, {}};
  }

  ~fixture() {
    stop(aut, listener);
    std::filesystem::remove_all(directory);
  }

  void spawn(std::vector<std::string> known = {}) {
    source_job job{spec, std::move(known), metrics.of("dc1"), stopper.get_token(), listener};
    source_tools tools;
    tools.ask = [this](const std::stop_token&) {
      ++asked;
      return answer;
    };
    tools.random = [] { return 0.0; };
    aut = sys.spawn(polling_source, std::move(job), std::move(tools));
    sched.run();
  }

  void restart(std::vector<std::string> known = {}) {
    stop(aut);
    metrics.remove("dc1");
    told.clear();
    spawn(std::move(known));
  }

  void pass(caf::timespan time) {
    advance_time(time);
    sched.run();
  }

  /// How many backends each list had that DISCOVERY was told since the last call.
  std::vector<size_t> sizes() {
    std::vector<size_t> result;
    for (const auto& x : std::exchange(told, {}))
      result.push_back(x.size());
    return result;
  }

  source_metrics& counts() { return *metrics.of("dc1"); }

  double failures(source_failure x) { return counts().failures[static_cast<size_t>(x)]->Value(); }

  prometheus::Registry registry;
  discovery_metrics metrics;
  source_spec spec;
  std::string directory;
  std::stop_source stopper;
  news told;
  source_answer answer = found_list{};
  int asked = 0;
  discovery_actor listener;
  source_actor aut;
};

} // namespace

FIXTURE_SCOPE(polling_source_tests, fixture)

TEST(a source asks at once and then at its interval) {
  answer = found_list{fleet(2), {}};
  spawn();
  REQUIRE(told.size() == 1 && told[0].size() == 2);
  CHECK_EQUAL(told[0][0].id, "uuid0@10.0.0.0:5432/moray");
  CHECK_EQUAL(told[0][0].database, "moray");
  CHECK_EQUAL(told[0][0].source, "dc1");
  pass(59s);
  CHECK_EQUAL(asked, 1);
  pass(1s);
  CHECK_EQUAL(asked, 2);
  CHECK(sizes() == std::vector<size_t>{2});
  answer = found_list{fleet(3), {}};
  pass(60s);
  CHECK(sizes() == std::vector<size_t>{3});
  CHECK(counts().last_success.Value() > 1e9);
}

TEST(an empty first answer is told too) {
  spawn();
  CHECK(sizes() == std::vector<size_t>{0});
}

TEST(a failure is retried soon and the last list stays) {
  answer = found_list{fleet(2), {}};
  spawn();
  answer = refused();
  pass(60s);
  CHECK_EQUAL(asked, 2);
  pass(1250ms);
  CHECK_EQUAL(asked, 3);
  pass(2499ms);
  CHECK_EQUAL(asked, 3);
  pass(1ms);
  CHECK_EQUAL(asked, 4);
  CHECK_EQUAL(failures(source_failure::connect), 3);
  answer = found_list{fleet(1), {}};
  pass(5s);
  CHECK(sizes() == std::vector<size_t>({2, 1}));
  pass(60s);
  CHECK_EQUAL(asked, 6);
}

TEST(an empty list is believed only after a second look) {
  answer = found_list{fleet(8), {}};
  spawn();
  answer = found_list{};
  pass(60s);
  CHECK_EQUAL(counts().doubted.Value(), 1);
  CHECK(sizes() == std::vector<size_t>{8});
  pass(9999ms);
  CHECK_EQUAL(asked, 2);
  pass(1ms);
  CHECK_EQUAL(asked, 3);
  CHECK(sizes() == std::vector<size_t>{0});
  CHECK_EQUAL(counts().doubted.Value(), 0);
}

TEST(one wrong answer changes nothing) {
  answer = found_list{fleet(8), {}};
  spawn();
  answer = found_list{fleet(1), {}};
  pass(60s);
  answer = found_list{fleet(8), {}};
  pass(10s);
  CHECK(sizes() == std::vector<size_t>{8});
  CHECK_EQUAL(counts().doubted.Value(), 0);
}

TEST(a tick asks now and leaves one timer) {
  answer = found_list{fleet(8), {}};
  spawn();
  pass(30s);
  self->send(aut, caf::tick_atom_v);
  sched.run();
  CHECK_EQUAL(asked, 2);
  pass(30s);
  CHECK_EQUAL(asked, 2);
  pass(30s);
  CHECK_EQUAL(asked, 3);
}

TEST(a tick does not shorten the second look) {
  answer = found_list{fleet(8), {}};
  spawn();
  answer = found_list{};
  pass(60s);
  self->send(aut, caf::tick_atom_v);
  sched.run();
  CHECK(sizes() == std::vector<size_t>{8});
  pass(10s);
  CHECK(sizes() == std::vector<size_t>{0});
}

TEST(a rejection counts once and not with every answer) {
  rejection x{"VM u", reject_reason::nic, "none"};
  answer = found_list{fleet(1), {x}};
  spawn();
  pass(60s);
  auto& counter = *counts().rejected[static_cast<size_t>(reject_reason::nic)];
  CHECK_EQUAL(counter.Value(), 1);
  answer = found_list{fleet(1), {}};
  pass(60s);
  answer = found_list{fleet(1), {x}};
  pass(60s);
  CHECK_EQUAL(counter.Value(), 2);
}

TEST(what is found twice is told once) {
  auto twice = fleet(2);
  twice[1] = twice[0];
  answer = found_list{twice, {}};
  spawn();
  CHECK(sizes() == std::vector<size_t>{1});
  CHECK_EQUAL(counts().rejected[static_cast<size_t>(reject_reason::duplicate)]->Value(), 1);
}

TEST(the last good list is used while the source can not be reached) {
  spec.state_dir = directory + "/state";
  answer = found_list{fleet(5), {}};
  spawn();
  auto before = told[0];
  answer = refused();
  restart();
  REQUIRE(told.size() == 1);
  CHECK_EQUAL(told[0], before);
  CHECK_EQUAL(counts().from_state.Value(), 1);
  pass(1250ms);
  CHECK_EQUAL(told.size(), 1u);
  answer = found_list{fleet(6), {}};
  pass(2500ms);
  CHECK(sizes() == std::vector<size_t>({5, 6}));
  CHECK_EQUAL(counts().from_state.Value(), 0);
}

TEST(the first answer after a start is doubted like any other) {
  spec.state_dir = directory;
  answer = found_list{fleet(5), {}};
  spawn();
  answer = found_list{};
  restart();
  CHECK(sizes() == std::vector<size_t>{5});
  CHECK_EQUAL(counts().from_state.Value(), 1);
  pass(10s);
  CHECK(sizes() == std::vector<size_t>{0});
}

TEST(a kept list that answered another question is not used) {
  spec.state_dir = directory;
  answer = found_list{fleet(5), {}};
  spawn();
  std::get<vmapi_settings>(spec.how).tag_value = "other";
  answer = refused();
  restart();
  CHECK(told.empty());
}

TEST(a kept list follows the configuration of today) {
  spec.state_dir = directory;
  answer = found_list{fleet(1), {}};
  spawn();
  spec.defaults.user = "other";
  answer = refused();
  restart();
  REQUIRE(told.size() == 1);
  CHECK_EQUAL(told[0][0].user, "other");
}

TEST(a broken kept list is no reason to fail) {
  spec.state_dir = directory;
  std::ofstream{kept_list_path(directory, "dc1")} << "{\"version\":1,";
  answer = refused();
  spawn();
  CHECK(told.empty());
  answer = found_list{fleet(2), {}};
  pass(1250ms);
  CHECK(sizes() == std::vector<size_t>{2});
  auto kept = read_kept_list(spec);
  REQUIRE(kept);
  CHECK(*kept == fleet(2));
}

TEST(a successor does not replace a list that DISCOVERY has) {
  spec.state_dir = directory;
  answer = found_list{fleet(5), {}};
  spawn();
  answer = refused();
  restart({"a", "b", "c", "d"});
  CHECK(told.empty());
  answer = found_list{fleet(1), {}};
  pass(1250ms);
  CHECK(told.empty());
  pass(10s);
  CHECK(sizes() == std::vector<size_t>{1});
}

TEST(what comes after a stop request means nothing) {
  answer = refused();
  stopper.request_stop();
  spawn();
  CHECK_EQUAL(failures(source_failure::connect), 0);
}

FIXTURE_SCOPE_END()
