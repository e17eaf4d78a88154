// What columns say of a definition.
#define SUITE result_shape

#include "config/result_shape.hpp"

#include "test/unit/test.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace pgstatsmon;

namespace {

metric_definition metric(std::string column, sample_source source, bool leads = true) {
  metric_definition result;
  result.column = std::move(column);
  result.source = source;
  result.leads = leads;
  return result;
}

/// Every kind of metric. Places are lines: 1 of the label, 10 and more of metrics, 100 of the SQL.
located_definition things() {
  located_definition result;
  result.query.labels = {"datname"};
  result.label_places = {{1, 1, "labels[0]", {}}};
  result.query.metrics = {
    metric("many", sample_source::number),      metric("info", sample_source::row),
    metric("mode", sample_source::state),       metric("mode", sample_source::state, false),
    metric("ages", sample_source::bucket),      metric("ages", sample_source::sum, false),
    metric("ages", sample_source::count, false)};
  for (size_t i = 0; i < result.query.metrics.size(); ++i)
    result.metric_places.push_back({10 + i, 1, "metrics", {}});
  result.query.variants = {{}, {}};
  result.sql_places = {{50, 1, "versions[0].sql", {}}, {100, 1, "versions[1].sql", {}}};
  return result;
}

const std::vector<result_column> right{
  {"datname", "name"}, {"many", "bigint"}, {"mode", "text"}, {"ages", "double precision[]"}};

/// The faults of the second variant as `LINE what`.
std::vector<std::string> faults(const std::vector<result_column>& columns) {
  std::vector<std::string> result;
  for (const auto& x : shape_faults(things(), 1, columns))
    result.push_back(std::to_string(x.line) + ' ' + x.what);
  return result;
}

/// Those of a result in which one column has another type.
std::vector<std::string> with_type(std::string_view column, std::string type) {
  auto columns = right;
  for (auto& x : columns)
    if (x.name == column)
      x.type = type;
  return faults(columns);
}

using lines = std::vector<std::string>;

} // namespace

TEST(columns that are declared are right in any order) {
  CHECK_EQUAL(faults(right), lines{});
  CHECK_EQUAL(faults({right.rbegin(), right.rend()}), lines{});
}

TEST(a column that is missing is a fault of what declares it) {
  CHECK_EQUAL(faults({right.begin() + 1, right.end()}),
              lines{"1 datname is no column of versions[1].sql"});
  CHECK_EQUAL(faults({right.begin(), right.end() - 1}),
              lines{"14 ages is no column of versions[1].sql"});
  CHECK_EQUAL(faults({}).size(), 4u);
}

TEST(a column too many is a fault of the SQL) {
  auto columns = right;
  columns.push_back({"more", "bigint"});
  columns.push_back({"many", "bigint"});
  CHECK_EQUAL(faults(columns), (lines{"100 delivers more, which is neither a label nor a metric",
                                      "100 delivers many twice"}));
}

TEST(an info has no column) {
  auto columns = right;
  columns.push_back({"info", "integer"});
  CHECK_EQUAL(faults(columns), lines{"100 delivers info, which is neither a label nor a metric"});
}

TEST(a counter and a gauge are numbers) {
  for (const auto* type : {"smallint", "integer", "bigint", "numeric", "real", "oid"})
    CHECK_EQUAL(with_type("many", type), lines{});
  for (const auto* type : {"text", "boolean", "interval", "money", "bigint[]", "pg_lsn"})
    CHECK_EQUAL(with_type("many", type), lines{std::string{"10 many is "} + type
                                               + " in versions[1].sql, expected a number"});
}

TEST(a set of states is text) {
  for (const auto* type : {"text", "name", "\"char\"", "character varying", "boolean", "mood"})
    CHECK_EQUAL(with_type("mode", type), lines{});
  for (const auto* type : {"integer", "double precision", "text[]", "json"})
    CHECK_EQUAL(with_type("mode", type),
                lines{std::string{"12 mode is "} + type + " in versions[1].sql, expected text"});
}

TEST(a histogram is an array of numbers) {
  for (const auto* type : {"integer[]", "numeric[]"})
    CHECK_EQUAL(with_type("ages", type), lines{});
  for (const auto* type : {"integer", "text[]", "text", "[]"})
    CHECK_EQUAL(with_type("ages", type),
                lines{std::string{"14 ages is "} + type
                      + " in versions[1].sql, expected an array of numbers"});
}

TEST(a label is a name) {
  for (const auto* type : {"text", "name", "oid", "integer", "boolean", "inet", "uuid", "mood"})
    CHECK_EQUAL(with_type("datname", type), lines{});
  for (const auto* type : {"double precision", "numeric", "timestamp with time zone", "time",
                           "interval", "jsonb", "name[]", "bytea"})
    CHECK_EQUAL(with_type("datname", type),
                lines{std::string{"1 datname is "} + type + " in versions[1].sql, expected text"});
}

TEST(what a pgbouncer shows depends on its version) {
  auto of = things();
  of.query.kind = backend_kind::pgbouncer;
  of.query.metrics = {metric("many", sample_source::number), metric("late", sample_source::number),
                      metric("renamed", sample_source::number)};
  of.query.metrics[1].from = 12400;
  of.query.metrics[2].also = "former";
  std::vector<result_column> columns{
    {"datname", "text"}, {"many", "integer"}, {"former", "integer"}, {"new", "text"}};
  CHECK(shape_faults(of, 1, columns, 11800).empty());
  auto found = shape_faults(of, 1, columns, 12500);
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CHECK_EQUAL(found[0].what, "late is no column of versions[1].sql");
  columns.erase(columns.begin() + 1);
  CHECK_EQUAL(shape_faults(of, 1, columns, 11800).size(), 1u);
}
