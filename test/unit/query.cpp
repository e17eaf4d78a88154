// The QUERY: what it makes of the results of polls, in whatever order they come.
#define SUITE query
#include "actors/backend/query.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/rows.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::make_rows;

namespace {

struct received {
  std::vector<backend_samples> samples;
};

registry_actor::behavior_type recorder(registry_actor::pointer, received* to) {
  return {
    [](backend_known&) {},
    [](backend_forgotten&) {},
    [to](backend_samples& x) { to->samples.push_back(x); },
    [](const database_samples&) {},
    [](const reconfigured&) {},
    [](caf::tick_atom) {},
  };
}

struct fixture : test::actor_system {
  fixture() {
    query_definition tables;
    tables.name = "tables";
    tables.labels = {"table"};
    tables.metrics = {{"scans", "tables_scans", "Scans.", metric_type::counter},
                      {"size", "tables_size", "Size.", metric_type::gauge}};
    query_definition server;
    server.name = "server";
    server.metrics = {{"age", "server_age", "Age.", metric_type::gauge}};
    server.metrics[0].vitals = {{vital_sign::lag}};
    auto queries = std::make_shared<const catalogue>(std::vector{tables, server});
    metrics = std::make_shared<backend_metrics>(queries);
    of.name = "db";
    registry = sys.spawn(recorder, &seen);
    aut = sys.spawn(query, registry, of, incarnation{7}, metrics);
    sched.run();
    log = spdlog::default_logger();
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    spdlog::set_pattern("%l %v");
  }

  ~fixture() {
    stop(aut, registry);
    spdlog::set_default_logger(log);
  }

  void result(uint64_t poll, size_t query, std::vector<std::string> columns,
              const std::vector<test::row>& rows) {
    self->send(aut, query_result{poll, query, make_rows(std::move(columns), rows)});
    sched.run();
  }

  void tables(uint64_t poll, const std::vector<test::row>& rows) {
    result(poll, 0, {"table", "scans", "size"}, rows);
  }

  void finish(uint64_t poll, bool publish = true) {
    self->send(aut, poll_finished{poll, publish, kept, 5ms});
    sched.run();
  }

  std::string logged() { return std::exchange(text, std::ostringstream{}).str(); }

  backend of;
  std::vector<bool> kept;
  received seen;
  metrics_ptr metrics;
  registry_actor registry;
  query_actor aut;
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> log;
};

} // namespace

FIXTURE_SCOPE(query_tests, fixture)

TEST(a poll becomes one block) {
  tables(1, {{"t1", "1", "2"}, {"t2", "3", std::nullopt}});
  result(1, 1, {"age"}, {{"9"}});
  CHECK(seen.samples.empty());
  finish(1);
  CAF_REQUIRE_EQUAL(seen.samples.size(), 1u);
  CHECK_EQUAL(seen.samples[0].life, 7u);
  const auto& samples = *seen.samples[0].samples;
  CHECK_EQUAL(samples.of(0).rows(), 2u);
  CHECK_EQUAL(samples.of(0).labels(1), R"(table="t2")");
  CHECK_EQUAL(samples.of(1).value(0, 0), 9);
  CHECK_EQUAL(metrics->series.load(), 4u);
  CHECK_EQUAL(logged(), "");
}

TEST(a block has only what its own poll brought) {
  tables(1, {{"t1", "1", "2"}});
  result(1, 1, {"age"}, {{"9"}});
  finish(1);
  tables(2, {{"t2", "1", "2"}});
  finish(2);
  finish(3);
  CAF_REQUIRE_EQUAL(seen.samples.size(), 3u);
  CHECK_EQUAL(seen.samples[1].samples->of(0).labels(0), R"(table="t2")");
  CHECK_EQUAL(seen.samples[1].samples->of(1).rows(), 0u);
  CHECK_EQUAL(seen.samples[2].samples->series(), 0u);
  CHECK_EQUAL(metrics->series.load(), 0u);
}

TEST(vital signs go with the block) {
  kept = {true, true};
  result(1, 1, {"age"}, {{"9"}});
  finish(1);
  advance_time(10s);
  finish(2);
  CAF_REQUIRE_EQUAL(seen.samples.size(), 2u);
  const auto& first = seen.samples[0].vitals;
  CHECK_EQUAL(first.values[vital_sign::lag], 9);
  CHECK(first.is_fresh(vital_sign::lag));
  CHECK_EQUAL(first.took, caf::timespan{5ms});
  const auto& second = seen.samples[1].vitals;
  CHECK_EQUAL(second.values[vital_sign::lag], 9);
  CHECK(!second.is_fresh(vital_sign::lag));
  CHECK(second.when - first.when == 10s);
}

TEST(a poll whose connection broke is thrown away) {
  tables(1, {{"t1", "1", "2"}});
  finish(1, false);
  CHECK(seen.samples.empty());
  result(2, 1, {"age"}, {{"9"}});
  finish(2);
  CHECK_EQUAL(seen.samples.at(0).samples->series(), 1u);
}

TEST(what is late is dropped) {
  tables(2, {{"t1", "1", "2"}});
  tables(1, {{"old", "1", "2"}});
  finish(1);
  CHECK(seen.samples.empty());
  finish(2);
  tables(2, {{"late", "1", "2"}});
  finish(2);
  CAF_REQUIRE_EQUAL(seen.samples.size(), 1u);
  CHECK_EQUAL(seen.samples[0].samples->of(0).labels(0), R"(table="t1")");
}

TEST(bad values and duplicates are counted) {
  tables(1, {{"t1", "NaN", "x"}, {"t2", "oops", "1"}, {"t2", "1", "1"}});
  finish(1);
  CHECK_EQUAL(metrics->query(0).bad(0), 2u);
  CHECK_EQUAL(metrics->query(0).bad(1), 1u);
  CHECK_EQUAL(metrics->query(0).duplicates.load(), 1u);
  CHECK_EQUAL(metrics->query(1).bad(0), 0u);
}

TEST(columns that do not fit are reported once) {
  result(1, 0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  finish(1);
  CHECK_EQUAL(logged(), "warning db: query tables: the result lacks size\n"
                        "warning db: query tables: the result has columns that are not declared: "
                        "extra\n");
  result(2, 0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  tables(3, {{"t1", "1", "2"}});
  result(4, 0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  CHECK_EQUAL(logged(), "");
  result(5, 0, {"table"}, {{"t1"}});
  CHECK_EQUAL(logged(), "warning db: query tables: the result lacks scans, size\n");
}

TEST(columns may change their places between polls) {
  tables(1, {{"t1", "1", "2"}});
  finish(1);
  result(2, 0, {"size", "scans", "table"}, {{"20", "10", "t1"}});
  finish(2);
  const auto& rows = seen.samples.at(1).samples->of(0);
  CHECK_EQUAL(rows.labels(0), R"(table="t1")");
  CHECK_EQUAL(rows.value(0, 0), 10);
  CHECK_EQUAL(rows.value(0, 1), 20);
}

TEST(every sample is logged at trace) {
  spdlog::set_level(spdlog::level::trace);
  tables(1, {{"t1", "1", std::nullopt}});
  finish(1);
  CHECK_EQUAL(logged(), "trace db: sample tables_scans{table=\"t1\"} 1\n");
}

TEST(a query that would give a series a label of the backend twice shows nothing) {
  of.labels = {{"table", "x"}};
  auto doubling = sys.spawn(query, registry, of, incarnation{8}, metrics);
  self->send(doubling,
             query_result{1, 0, make_rows({"table", "scans", "size"}, {{"t", "1", "2"}})});
  self->send(doubling, query_result{1, 1, make_rows({"age"}, {{"9"}})});
  self->send(doubling, poll_finished{1, true});
  sched.run();
  CHECK_EQUAL(seen.samples.at(0).samples->series(), 1u);
  stop(doubling);
}

TEST(a query that nobody declared is ignored) {
  result(1, 2, {"age"}, {{"9"}});
  finish(1);
  CHECK_EQUAL(seen.samples.at(0).samples->series(), 0u);
}

FIXTURE_SCOPE_END()
