// What the rows of queries tell.
#define SUITE row_events

#include "actors/backend/row_events.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include <string>
#include <vector>

using namespace pgstatsmon;
using test::make_rows;

namespace {

const std::vector<std::string> columns{"kind", "name", "hash"};

query_definition definition(row_events::occasion when) {
  query_definition result;
  result.name = "q";
  result.events = row_events{when, {"kind", "name"}};
  return result;
}

const auto each = definition(row_events::occasion::each);
const auto change = definition(row_events::occasion::change);

auto answer(const std::vector<test::row>& rows) {
  return make_rows(columns, rows);
}

/// The sentences, a line each.
std::string told(const told_rows& x) {
  std::string result;
  for (const auto& event : x.events)
    result += event.sentence + '\n';
  return result;
}

std::vector<test::row> many(size_t count) {
  std::vector<test::row> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back({"t", std::to_string(i), "1"});
  return result;
}

} // namespace

TEST(each row of each answer is told) {
  row_events_memory known;
  auto rows = answer({{"table", "a", "1"}, {"table", std::nullopt, "2"}});
  for (int i = 0; i < 2; ++i) {
    auto x = known.take(0, each, "s", *rows);
    CHECK_EQUAL(told(x), "q: table a\nq: table null\n");
    CHECK(x.events[0].event == log_event::row_seen);
    CHECK_EQUAL(x.events[0].details, R"(,"row":{"kind":"table","name":"a","hash":"1"})");
  }
}

TEST(a query without a key has rows without a name) {
  row_events_memory known;
  auto of = each;
  of.events->key.clear();
  CHECK_EQUAL(told(known.take(0, of, "s", *answer({{"a", "b", "c"}}))), "q: a row\n");
}

TEST(the first answer is no change and neither is another order) {
  row_events_memory known;
  CHECK(known.take(0, change, "s", *answer({{"t", "a", "1"}, {"t", "b", "1"}})).events.empty());
  CHECK(known.take(0, change, "s", *answer({{"t", "b", "1"}, {"t", "a", "1"}})).events.empty());
}

TEST(what came and went and changed is told once) {
  row_events_memory known;
  known.take(0, change, "s", *answer({{"t", "a", "1"}, {"t", "b", "1"}, {"t", "c", "1"}}));
  auto now = answer({{"t", "a", "2"}, {"t", "c", "1"}, {"t", "d", "1"}});
  auto x = known.take(0, change, "s", *now);
  CHECK_EQUAL(told(x), "q: t a has changed\nq: t b is gone\nq: t d is new\n");
  REQUIRE(x.events.size() == 3u);
  CHECK(x.events[0].event == log_event::row_changed);
  CHECK(x.events[1].event == log_event::row_removed);
  CHECK(x.events[2].event == log_event::row_added);
  CHECK_EQUAL(x.events[1].details, R"(,"row":{"kind":"t","name":"b"})");
  CHECK(known.take(0, change, "s", *now).events.empty());
}

TEST(an answer without rows is an answer) {
  row_events_memory known;
  known.take(0, change, "s", *answer({}));
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({{"t", "a", "1"}}))), "q: t a is new\n");
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({}))), "q: t a is gone\n");
}

TEST(rows of one key are one) {
  row_events_memory known;
  known.take(0, change, "s", *answer({{"t", "a", "1"}, {"t", "a", "2"}}));
  CHECK(known.take(0, change, "s", *answer({{"t", "a", "2"}, {"t", "a", "1"}})).events.empty());
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({{"t", "a", "3"}, {"t", "a", "1"}}))),
              "q: t a has changed\n");
}

TEST(another server is no change and an unknown one is the same) {
  row_events_memory known;
  known.take(0, change, "", *answer({{"t", "a", "1"}}));
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({{"t", "a", "2"}}))), "q: t a has changed\n");
  CHECK_EQUAL(told(known.take(0, change, "", *answer({{"t", "a", "3"}}))), "q: t a has changed\n");
  CHECK(known.take(0, change, "other", *answer({{"t", "b", "1"}})).events.empty());
  CHECK_EQUAL(told(known.take(0, change, "other", *answer({{"t", "b", "2"}}))),
              "q: t b has changed\n");
}

TEST(what all keys are behind or before is told) {
  row_events_memory known;
  known.take(0, change, "s", *answer({{"t", "m", "1"}}));
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({{"t", "z", "1"}, {"t", "a", "1"}}))),
              "q: t a is new\nq: t m is gone\nq: t z is new\n");
  CHECK_EQUAL(told(known.take(0, change, "s", *answer({{"t", "m", "1"}}))),
              "q: t a is gone\nq: t m is new\nq: t z is gone\n");
}

TEST(a key that the result lacks is no name) {
  row_events_memory known;
  auto of = change;
  of.events->key = {"nothing"};
  known.take(0, of, "s", *answer({{"t", "m", "1"}}));
  auto x = known.take(0, of, "s", *answer({}));
  CHECK_EQUAL(told(x), "q: a row is gone\n");
  CHECK_EQUAL(x.events[0].details, R"(,"row":{})");
}

TEST(queries are apart) {
  row_events_memory known;
  known.take(0, change, "s", *answer({{"t", "a", "1"}}));
  CHECK(known.take(1, change, "s", *answer({{"t", "b", "1"}})).events.empty());
}

TEST(what is told at once is bounded) {
  row_events_memory known;
  known.take(0, change, "s", *answer({}));
  auto x = known.take(0, change, "s", *answer(many(row_events_memory::max_told + 7)));
  CHECK_EQUAL(x.events.size(), row_events_memory::max_told);
  CHECK_EQUAL(x.more, 7u);
  x = known.take(1, each, "s", *answer(many(row_events_memory::max_told + 1)));
  CHECK_EQUAL(x.events.size(), row_events_memory::max_told);
  CHECK_EQUAL(x.more, 1u);
}

TEST(too many rows are not compared and said once) {
  row_events_memory known;
  known.take(0, change, "s", *answer({{"t", "a", "1"}}));
  auto large = answer(many(row_events_memory::max_compared + 1));
  auto x = known.take(0, change, "s", *large);
  CHECK(x.too_many);
  CHECK(x.events.empty());
  CHECK(!known.take(0, change, "s", *large).too_many);
  CHECK(known.take(0, change, "s", *answer({{"t", "b", "1"}})).events.empty());
  CHECK(known.take(0, change, "s", *large).too_many);
}

TEST(a long row is cut to its key) {
  row_events_memory known;
  std::string text(row_events_memory::max_row_bytes, 'x');
  auto x = known.take(0, each, "s", *answer({{"t", "a", text}, {"t", text, ""}}));
  CHECK_EQUAL(x.events[0].details, R"(,"row":{"kind":"t","name":"a"},"cut":true)");
  CHECK_EQUAL(x.events[1].details, R"(,"row":{},"cut":true)");
  CHECK(x.events[1].sentence.size() < 200);
}

TEST(hostile text stays text) {
  row_events_memory known;
  auto x = known.take(0, each, "s", *answer({{"\"}\n", "\xff", "{}"}}));
  CHECK_EQUAL(x.events[0].details,
              ",\"row\":{\"kind\":\"\\\"}\\n\",\"name\":\"\xEF\xBF\xBD\",\"hash\":\"{}\"}");
}
