// What is made of the results of polls.
#define SUITE poll_results
#include "actors/backend/poll_results.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <sstream>

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::make_rows;

namespace {

struct fixture {
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
    target.name = "db";
    aut.emplace(target, metrics);
    log = spdlog::default_logger();
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    spdlog::set_pattern("%l %v");
  }

  ~fixture() { spdlog::set_default_logger(log); }

  void result(size_t query, std::vector<std::string> columns, const std::vector<test::row>& rows) {
    aut->take(query, *make_rows(std::move(columns), rows), {});
  }

  void tables(const std::vector<test::row>& rows) { result(0, {"table", "scans", "size"}, rows); }

  void ages() { result(1, {"age"}, {{"9"}}); }

  /// The poll ends, and another one begins.
  block_ptr finish() {
    auto made = aut->finish({}, {}, {});
    aut->begin();
    return made.samples;
  }

  std::string logged() { return std::exchange(text, std::ostringstream{}).str(); }

  backend target;
  metrics_ptr metrics;
  std::optional<poll_results> aut;
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> log;
};

} // namespace

FIXTURE_SCOPE(poll_results_tests, fixture)

TEST(a poll becomes one block) {
  tables({{"t1", "1", "2"}, {"t2", "3", std::nullopt}});
  ages();
  auto samples = finish();
  CHECK_EQUAL(samples->of(0).rows(), 2u);
  CHECK_EQUAL(samples->of(0).labels(1), R"(table="t2")");
  CHECK_EQUAL(samples->of(1).value(0, 0), 9);
  CHECK_EQUAL(metrics->series.load(), 4u);
  CHECK_EQUAL(logged(), "");
}

TEST(a block has only what its own poll brought) {
  tables({{"t1", "1", "2"}});
  ages();
  finish();
  tables({{"t2", "1", "2"}});
  auto second = finish();
  CHECK_EQUAL(second->of(0).labels(0), R"(table="t2")");
  CHECK_EQUAL(second->of(1).rows(), 0u);
  auto third = finish();
  CHECK_EQUAL(third->series(), 0u);
  CHECK_EQUAL(metrics->series.load(), 0u);
}

TEST(rows of an earlier poll may stay) {
  tables({{"t1", "1", "2"}});
  ages();
  finish();
  tables({{"t2", "1", "2"}});
  auto samples = aut->finish({true, true}, {}, {}).samples;
  CHECK_EQUAL(samples->of(0).labels(0), R"(table="t2")");
  CHECK_EQUAL(samples->of(1).rows(), 1u);
}

TEST(vital signs go with the block) {
  auto end = [this](std::chrono::seconds when) {
    auto made = aut->finish({true, true}, poll_results::time_point{} + when, 5ms);
    aut->begin();
    return made.vitals;
  };
  ages();
  auto first = end(1s);
  CHECK_EQUAL(first.values[vital_sign::lag], 9);
  CHECK(first.is_fresh(vital_sign::lag));
  CHECK_EQUAL(first.took, caf::timespan{5ms});
  auto second = end(11s);
  CHECK_EQUAL(second.values[vital_sign::lag], 9);
  CHECK(!second.is_fresh(vital_sign::lag));
  CHECK(second.when - first.when == 10s);
}

TEST(what a poll brought that did not end is forgotten) {
  tables({{"t1", "1", "2"}});
  aut->begin();
  ages();
  CHECK_EQUAL(finish()->series(), 1u);
}

TEST(bad values and duplicates are counted) {
  tables({{"t1", "NaN", "x"}, {"t2", "oops", "1"}, {"t2", "1", "1"}});
  finish();
  CHECK_EQUAL(metrics->query(0).bad(0), 2u);
  CHECK_EQUAL(metrics->query(0).bad(1), 1u);
  CHECK_EQUAL(metrics->query(0).duplicates.load(), 1u);
  CHECK_EQUAL(metrics->query(1).bad(0), 0u);
}

TEST(columns that do not fit are reported once) {
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  CHECK_EQUAL(logged(), "warning db: query tables: the result lacks size\n"
                        "warning db: query tables: the result has columns that are not declared: "
                        "extra\n");
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  tables({{"t1", "1", "2"}});
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  CHECK_EQUAL(logged(), "");
  result(0, {"table"}, {{"t1"}});
  CHECK_EQUAL(logged(), "warning db: query tables: the result lacks scans, size\n");
}

TEST(columns may change their places between polls) {
  tables({{"t1", "1", "2"}});
  finish();
  result(0, {"size", "scans", "table"}, {{"20", "10", "t1"}});
  auto samples = finish();
  const auto& rows = samples->of(0);
  CHECK_EQUAL(rows.labels(0), R"(table="t1")");
  CHECK_EQUAL(rows.value(0, 0), 10);
  CHECK_EQUAL(rows.value(0, 1), 20);
}

TEST(every sample is logged at trace) {
  spdlog::set_level(spdlog::level::trace);
  tables({{"t1", "1", std::nullopt}});
  finish();
  CHECK_EQUAL(logged(), "trace db: sample tables_scans{table=\"t1\"} 1\n");
}

TEST(a query that would give a series a label of the backend twice shows nothing) {
  target.labels = {{"table", "x"}};
  aut.emplace(target, metrics);
  tables({{"t", "1", "2"}});
  ages();
  CHECK_EQUAL(finish()->series(), 1u);
}

FIXTURE_SCOPE_END()
