// What is made of the results of polls.
#define SUITE poll_results
#include "actors/backend/poll_results.hpp"

#include "test/unit/captured_log.hpp"
#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include <optional>
#include <utility>

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
    begin();
  }

  void begin() {
    aut.emplace(target, metrics, [](const log_fields& fields, const std::string& line) {
      say(spdlog::level::warn, fields, "{}", line);
    });
  }

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

  /// What was logged since the last call.
  std::vector<std::string> logged() {
    auto all = log.lines();
    auto before = std::exchange(read, all.size());
    return {all.begin() + static_cast<int64_t>(before), all.end()};
  }

  backend target;
  metrics_ptr metrics;
  std::optional<poll_results> aut;
  test::captured_log log;
  size_t read = 0; ///< Lines of it.
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
  using lines = std::vector<std::string>;
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  CHECK_EQUAL(logged(), (lines{"warning query tables: the result lacks size",
                               "warning query tables: the result has columns that are not "
                               "declared: extra"}));
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  tables({{"t1", "1", "2"}});
  result(0, {"table", "scans", "extra"}, {{"t1", "1", "2"}});
  CHECK(logged().empty());
  result(0, {"table"}, {{"t1"}});
  CHECK_EQUAL(logged(), lines{"warning query tables: the result lacks scans, size"});
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
  tables({{"t1", "1", std::nullopt}});
  finish();
  CHECK_EQUAL(logged(), std::vector<std::string>{"trace db: sample tables_scans{table=\"t1\"} 1"});
}

TEST(a query that would give a series a label of the backend twice shows nothing) {
  target.labels = {{"table", "x"}};
  begin();
  tables({{"t", "1", "2"}});
  ages();
  CHECK_EQUAL(finish()->series(), 1u);
}

FIXTURE_SCOPE_END()
