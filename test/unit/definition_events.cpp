// Definitions of queries whose rows are events.
#define SUITE definition_events

#include "test/unit/test.hpp"

#include "config/catalogue.hpp"
#include "config/result_shape.hpp"
#include "messages/error.hpp"

using namespace pgstatsmon;

namespace {

caf::expected<catalogue_ptr> read(const std::string& middle) {
  return parse_catalogue(
    {{"f", "name: q\nhelp: Something.\n" + middle + "versions: [{sql: SELECT 1}]\n"}});
}

std::string faults_of(const std::string& middle) {
  auto result = read(middle);
  return result ? std::string{} : context_of(result.error());
}

} // namespace

TEST(rows are events instead of series) {
  auto x = read("scope: database\nevents: {when: change, key: [kind, name]}\n");
  REQUIRE(x);
  const auto& query = (*x)->queries().front();
  row_events expected{row_events::occasion::change, {"kind", "name"}};
  CHECK(query.events == expected);
  CHECK(query.metrics.empty());
  CHECK(label_names(query, true).empty());
  CHECK_EQUAL((*x)->families(), 0u);
}

TEST(each row is one unless said otherwise) {
  auto x = read("events: {}\n");
  REQUIRE(x);
  CHECK((*x)->queries().front().events == row_events{});
}

TEST(what is about series is refused beside events) {
  CHECK_EQUAL(faults_of("labels: [a]\nevents: {when: each}\n"),
              "f:3:9: labels: is about series, expected none beside events");
  CHECK_EQUAL(
    faults_of("events: {when: each}\nmetrics: [{column: c, type: gauge, help: It.}]\nby: c\n"),
    "f:4:10: metrics: is about series, expected none beside events\n"
    "f:5:5: by: is about series, expected none beside events");
}

TEST(changes need to be of something) {
  CHECK_EQUAL(faults_of("events: {when: change}\n"),
              "f:3:9: events.key: is missing, expected the columns that say what a row is about");
  CHECK_EQUAL(faults_of("events: {when: change, key: [a, a]}\n"),
              "f:3:33: events.key[1]: is given twice");
  CHECK_EQUAL(faults_of("events: {when: now}\n"),
              "f:3:16: events.when: is none of its values, expected one of each, change");
}

TEST(a key is part of the result and all else may be) {
  located_definition of;
  of.query.events = row_events{row_events::occasion::each, {"a", "b"}};
  of.query.variants.emplace_back();
  of.key_places = {{1, 1, "a", {}}, {2, 1, "b", {}}};
  of.sql_places = {{.line = 3, .column = 1, .path = "sql", .what = {}}};
  CHECK(shape_faults(of, 0, {{"a", "text"}, {"b", "json"}, {"c", "interval"}}).empty());
  auto faults = shape_faults(of, 0, {{"a", "text"}, {"c", "text"}});
  REQUIRE(faults.size() == 1u);
  CHECK_EQUAL(faults[0].line, 2u);
  CHECK_EQUAL(faults[0].what, "b is no column of sql");
}
