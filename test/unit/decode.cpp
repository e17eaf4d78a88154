// From the text of a result to samples: whatever a server may say.
#define SUITE decode
#include "actors/registry/decode.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include <cmath>
#include <limits>

using namespace pgstatsmon;
using test::make_rows;
using test::row;

namespace {

query_definition tables() {
  query_definition x;
  x.name = "tables";
  x.labels = {"schema", "table"};
  x.metrics = {{"scans", "tables_scans", "Scans.", metric_type::counter},
               {"size", "tables_size", "Size.", metric_type::gauge}};
  return x;
}

metric_definition metric(std::string column, duplicate_rule rule) {
  metric_definition x;
  x.column = std::move(column);
  x.duplicates = rule;
  return x;
}

struct decoded {
  decode_report report;
  section rows;
};

decoded decode_rows(const query_definition& query, const PGresult& rows) {
  decoded result;
  result.rows = decode(query, {}, map_columns(query, rows), rows, result.report);
  return result;
}

/// The value of one cell with this text.
decoded decode_cell(std::optional<std::string> text) {
  query_definition query;
  query.metrics.resize(1);
  query.metrics[0].column = "x";
  return decode_rows(query, *make_rows({"x"}, {{std::move(text)}}));
}

double value_of(const std::string& text) {
  auto x = decode_cell(text);
  CAF_REQUIRE_EQUAL(x.report.not_a_number.at(0), 0u);
  return x.rows.value(0, 0);
}

bool is_no_number(const std::string& text) {
  auto x = decode_cell(text);
  return x.report.not_a_number.at(0) == 1 && is_absent(x.rows.value(0, 0));
}

} // namespace

TEST(rows become labels and values) {
  auto x = decode_rows(tables(),
                       *make_rows({"table", "size", "schema", "scans"},
                                  {{"t1", "8192", "public", "3"}, {"t2", "1.5", "public", "0"}}));
  CHECK_EQUAL(x.rows.rows(), 2u);
  CHECK_EQUAL(x.rows.labels(0), R"(schema="public",table="t1")");
  CHECK_EQUAL(x.rows.value(0, 0), 3);
  CHECK_EQUAL(x.rows.value(0, 1), 8192);
  CHECK_EQUAL(x.rows.labels(1), R"(schema="public",table="t2")");
  CHECK_EQUAL(x.rows.value(1, 1), 1.5);
  CHECK_EQUAL(x.report.duplicates, 0u);
}

TEST(no rows make no samples) {
  auto x = decode_rows(tables(), *make_rows({"schema", "table", "scans", "size"}, {}));
  CHECK_EQUAL(x.rows.rows(), 0u);
}

TEST(NULL makes no sample and is no fault) {
  auto x = decode_cell(std::nullopt);
  CHECK(is_absent(x.rows.value(0, 0)));
  CHECK_EQUAL(x.report.not_a_number.at(0), 0u);
}

TEST(numbers are read exactly) {
  CHECK_EQUAL(value_of("0"), 0);
  CHECK_EQUAL(value_of("-1"), -1);
  CHECK_EQUAL(value_of("000000000000000000000000000017"), 17);
  CHECK_EQUAL(value_of("9007199254740993"), 9007199254740992.0); // to even
  CHECK_EQUAL(value_of("999999999999999999"), 1e18);
  CHECK_EQUAL(value_of("9223372036854775807"), 9223372036854775807.0);
  CHECK_EQUAL(value_of("-9223372036854775808"), -9223372036854775808.0);
  CHECK_EQUAL(value_of("0.028"), 0.028);
  CHECK_EQUAL(value_of("1e-7"), 1e-7);
  CHECK_EQUAL(value_of("123456789012345678901234567890"), 123456789012345678901234567890.0);
}

TEST(infinity is a number and so is what is too large or too small) {
  CHECK(value_of("Infinity") == HUGE_VAL);
  CHECK(value_of("-Infinity") == -HUGE_VAL);
  CHECK(value_of("1e400") == HUGE_VAL);
  CHECK(value_of("-" + std::string(400, '9')) == -HUGE_VAL);
  CHECK_EQUAL(value_of("1e-400"), 0);
}

TEST(what is no number is counted) {
  for (auto x : {"NaN", "nan", "-nan", "", " ", "-", "+", "1 ", " 1", "1,5", "t", "0x10", "12ab",
                 "1e", "2026-01-02", "\xFF", "--1", "999999999999999999x"}) {
    CAF_MESSAGE(x);
    CHECK(is_no_number(x));
  }
}

TEST(hostile label values are escaped) {
  auto x = decode_rows(
    tables(), *make_rows({"schema", "table", "scans", "size"},
                         {{"a\nb", R"(we"ird\tbl)", "1", "2"}, {"caf\xE9", "日本", "1", "2"}}));
  CHECK_EQUAL(x.rows.labels(0), R"(schema="a\nb",table="we\"ird\\tbl")");
  CHECK_EQUAL(x.rows.labels(1), "schema=\"caf\xEF\xBF\xBD\",table=\"日本\"");
}

TEST(a label that is NULL or missing is empty) {
  auto x =
    decode_rows(tables(), *make_rows({"table", "scans", "size"}, {{std::nullopt, "1", "2"}}));
  CHECK_EQUAL(x.rows.labels(0), R"(schema="",table="")");
}

TEST(of rows with the same labels the first stays) {
  std::vector<row> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back({"public", "t" + std::to_string(i % 400), std::to_string(i), "0"});
  auto x = decode_rows(tables(), *make_rows({"schema", "table", "scans", "size"}, many));
  CHECK_EQUAL(x.rows.rows(), 400u);
  CHECK_EQUAL(x.report.duplicates, 600u);
  for (size_t i = 0; i < 400; ++i)
    CHECK_EQUAL(x.rows.value(i, 0), static_cast<double>(i));
}

TEST(rows with the same labels become one by the rule of each metric) {
  using rule = duplicate_rule;
  query_definition query;
  query.labels = {"name"};
  for (auto x : {rule::first, rule::min, rule::max, rule::sum})
    query.metrics.push_back(metric("c" + std::to_string(query.metrics.size()), x));
  auto x =
    decode_rows(query, *make_rows({"name", "c0", "c1", "c2", "c3"}, {{"a", "5", "5", "5", "5"},
                                                                     {"b", "1", "1", "1", "1"},
                                                                     {"a", "3", "3", "3", "3"},
                                                                     {"a", "9", "9", "9", "9"}}));
  REQUIRE(x.rows.rows() == 2);
  for (size_t i = 0; auto expected : {5, 3, 9, 17})
    CHECK_EQUAL(x.rows.value(0, i++), expected);
  for (size_t i = 0; i < 4; ++i)
    CHECK_EQUAL(x.rows.value(1, i), 1);
  CHECK_EQUAL(x.report.duplicates, 2u);
}

TEST(where every metric has a rule no row is left out) {
  query_definition query;
  query.metrics = {metric("x", duplicate_rule::min), metric("y", duplicate_rule::sum)};
  auto x = decode_rows(
    query,
    *make_rows({"x", "y"}, {{"2", "1"}, {std::nullopt, "1"}, {"NaN", "1"}, {"1", std::nullopt}}));
  CHECK_EQUAL(x.rows.value(0, 0), 1);
  CHECK_EQUAL(x.rows.value(0, 1), 3);
  CHECK_EQUAL(x.report.duplicates, 0u);
  CHECK_EQUAL(x.report.not_a_number.at(0), 1u);
}

TEST(of rows with the same labels a first one without a value stays without) {
  auto x = decode_rows(tables(), *make_rows({"schema", "table", "scans", "size"},
                                            {{"s", "t", std::nullopt, "1"}, {"s", "t", "7", "2"}}));
  CHECK(is_absent(x.rows.value(0, 0)));
  CHECK_EQUAL(x.rows.value(0, 1), 1);
}

TEST(a sum of infinities is no sample) {
  query_definition query;
  query.metrics = {metric("x", duplicate_rule::sum)};
  auto x = decode_rows(query, *make_rows({"x"}, {{"Infinity"}, {"-Infinity"}}));
  CHECK(is_absent(x.rows.value(0, 0)));
}

TEST(values that become the same text are the same) {
  auto x = decode_rows(tables(), *make_rows({"schema", "table", "scans", "size"},
                                            {{"s", "\xFF", "1", "2"}, {"s", "\xFE", "3", "4"}}));
  CHECK_EQUAL(x.rows.rows(), 1u);
  CHECK_EQUAL(x.report.duplicates, 1u);
}

TEST(columns that differ from the declared ones are named) {
  auto rows = make_rows({"scans", "extra", "table"}, {{"1", "2", "t"}});
  auto map = map_columns(tables(), *rows);
  CHECK_EQUAL(map.labels, (std::vector{-1, 2}));
  CHECK_EQUAL(map.metrics, (std::vector{0, -1}));
  CHECK_EQUAL(map.missing, (std::vector<std::string>{"schema", "size"}));
  CHECK_EQUAL(map.unknown, (std::vector<std::string>{"extra"}));
  decode_report report;
  auto x = decode(tables(), {}, map, *rows, report);
  CHECK_EQUAL(x.value(0, 0), 1);
  CHECK(is_absent(x.value(0, 1)));
}

TEST(a map fits results with the same columns alone) {
  auto map = map_columns(tables(), *make_rows({"schema", "table", "scans", "size"}, {}));
  CHECK(fits(map, *make_rows({"schema", "table", "scans", "size"}, {})));
  CHECK(!fits(map, *make_rows({"schema", "table", "scans"}, {})));
  CHECK(!fits(map, *make_rows({"schema", "table", "size", "scans"}, {})));
  CHECK(!fits(map, *make_rows({}, {})));
}

TEST(of a pgbouncer a column that its version lacks makes no sample and is no news) {
  auto query = tables();
  query.kind = backend_kind::pgbouncer;
  query.metrics[1].from = 11800;
  auto rows = make_rows({"schema", "table", "scans", "since_1_25"}, {{"public", "t1", "3", "x"}});
  auto map = map_columns(query, *rows);
  CHECK(map.missing.empty());
  CHECK(map.unknown.empty());
  auto x = decode_rows(query, *rows);
  CHECK_EQUAL(x.rows.value(0, 0), 3);
  CHECK(is_absent(x.rows.value(0, 1)));
  CHECK_EQUAL(x.report.not_a_number.at(1), 0u);
}

TEST(of a pgbouncer a column that every version has is missed) {
  auto query = tables();
  query.kind = backend_kind::pgbouncer;
  auto map = map_columns(query, *make_rows({"schema", "size"}, {}));
  CHECK_EQUAL(map.missing, (std::vector<std::string>{"table", "scans"}));
}

TEST(a column is found under either of its names) {
  auto query = tables();
  query.kind = backend_kind::pgbouncer;
  query.metrics[1].also = "bytes";
  for (const auto* name : {"size", "bytes"}) {
    auto rows = make_rows({"schema", "table", "scans", name}, {{"public", "t1", "3", "7"}});
    CHECK(map_columns(query, *rows).missing.empty());
    CHECK_EQUAL(decode_rows(query, *rows).rows.value(0, 1), 7);
  }
  auto neither = make_rows({"schema", "table", "scans"}, {});
  CHECK_EQUAL(map_columns(query, *neither).missing, std::vector<std::string>{"size"});
}
