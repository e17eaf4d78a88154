// What a flight brings, result by result, without a server.
#define SUITE poll_progress

#include "actors/backend/poll_progress.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::make_rows;

namespace {

using time_point = poll_progress::time_point;

const time_point start{100h};
constexpr caf::timespan tick = 10s;

query_definition query(std::string name, std::chrono::milliseconds timeout = 0ms) {
  query_definition result;
  result.name = std::move(name);
  result.timeout = timeout;
  result.variants = {{.sql = "SELECT 1 AS n"}};
  return result;
}

catalogue_ptr queries() {
  auto statements = query("statements");
  statements.needs = {*parse_need("extension pg_stat_statements")};
  return std::make_shared<const catalogue>(
    std::vector{query("quick"), query("slow", 30s), statements});
}

flight_extras extras_of(std::string facts, std::string guards = {}) {
  flight_extras result;
  result.facts = std::move(facts);
  result.guards = std::move(guards);
  return result;
}

/// A flight of arrival, guards, facts, quick and slow.
struct fixture {
  fixture() {
    asked.learn(150000, server_role::primary, true);
    asked.start(start, tick);
    auto sent = make_flight(*shipped, {0, 0, std::nullopt}, extras_of(asked.facts_sql(), "guards"),
                            {}, memory);
    for (auto& x : sent.statements)
      x.prepare = true;
    aut.emplace(std::move(sent), flight_limits{1s, tick, 2}, start);
  }

  taken_result take(size_t index, time_point now, std::shared_ptr<const pg_result> rows = nullptr) {
    aut->heard(now);
    return aut->take({index, std::move(rows), true, std::nullopt}, asked, memory, now);
  }

  taken_result fail(size_t index, failure reason, std::string sqlstate = "XX000") {
    return aut->take({index, nullptr, true, session_error{reason, std::move(sqlstate), "no"}},
                     asked, memory, start);
  }

  /// All that comes before the queries.
  void take_extras(time_point now) {
    take(0, now);
    take(1, now, make_rows({"own"}, {{"t"}}));
    take(2, now, make_rows({"k", "n", "v"}, {{"extension", "pg_stat_statements", "1.10"}}));
  }

  catalogue_ptr shipped = queries();
  agenda asked{shipped, "a", {}};
  session_memory memory;
  std::optional<poll_progress> aut;
};

const auto one_row = make_rows({"n"}, {{"1"}});

} // namespace

CAF_TEST_FIXTURE_SCOPE(poll_progress_tests, fixture)

TEST(results are taken in order until all have come) {
  CHECK(!aut->answered() && !aut->complete());
  CHECK(aut->running() == nullptr);
  take_extras(start);
  CHECK(aut->answered());
  REQUIRE(aut->running() != nullptr);
  CHECK_EQUAL(aut->running()->query, 0u);
  take(3, start, one_row);
  REQUIRE(aut->running() != nullptr);
  CHECK_EQUAL(aut->running()->query, 1u);
  take(4, start, one_row);
  CHECK(aut->running() == nullptr);
  CHECK(aut->complete());
  CHECK_EQUAL(aut->good(), 2u);
  CHECK_EQUAL(aut->rows(), 2u);
  CHECK(aut->worst() == failure::none);
}

TEST(what comes before the queries says whose session it is and what is there) {
  CHECK(asked.wants_facts(start));
  CHECK_EQUAL(asked.planned(start), 2u);
  take_extras(start);
  CHECK(memory.ground == footing::own);
  CHECK_EQUAL(asked.planned(start), 3u);
  CHECK(!asked.wants_facts(start + 49s));
  CHECK(asked.wants_facts(start + 50s));
  asked.doubt_facts();
  CHECK(asked.wants_facts(start));
}

TEST(a pooler is found out) {
  take(0, start);
  take(1, start, make_rows({"own"}, {{"f"}}));
  CHECK(memory.ground == footing::shared);
}

TEST(facts that could not be had leave those that were) {
  take_extras(start);
  fail(2, failure::other);
  CHECK_EQUAL(asked.planned(start), 3u);
  CHECK(!asked.wants_facts(start + 49s));
}

TEST(a result has its times) {
  take(0, start + 1ms);
  auto x = take(1, start + 2ms);
  CHECK(x.start == start + 1ms && x.first == start + 2ms && x.end == start + 2ms);
  aut->heard(start + 5ms);
  aut->heard(start + 7ms);
  x = take(2, start + 9ms);
  CHECK(x.first == start + 5ms);
  CHECK(x.took() == caf::timespan{7ms});
}

TEST(what succeeded is remembered as prepared) {
  take_extras(start);
  take(3, start, one_row);
  CHECK(memory.prepared.contains({0, 0}));
  CHECK(!memory.prepared.contains({1, 0}));
}

TEST(what may have failed because it was prepared is prepared no more) {
  take_extras(start);
  fail(3, failure::other, "26000");
  fail(4, failure::other, "42501");
  CHECK(memory.prepared.is_given_up({0, 0}));
  CHECK(!memory.prepared.is_given_up({1, 0}));
}

TEST(a timeout is worse than what comes after it and the first failure is remembered) {
  take_extras(start);
  fail(3, failure::timeout, "57014");
  fail(4, failure::other);
  CHECK(aut->worst() == failure::timeout);
  const auto& first = aut->first_failed();
  REQUIRE(first.has_value());
  CHECK_EQUAL(first->query, 0u);
  CHECK_EQUAL(first->error.sqlstate, "57014");
  CHECK_EQUAL(aut->good(), 0u);
}

TEST(too many rows are a failure and nobody gets them) {
  take_extras(start);
  auto x = take(3, start, make_rows({"n"}, {{"1"}, {"2"}}));
  CHECK(!x.result.error);
  x = take(4, start, make_rows({"n"}, {{"1"}, {"2"}, {"3"}}));
  REQUIRE(x.result.error.has_value());
  CHECK(x.result.error->reason == failure::too_large);
  CHECK(x.result.rows == nullptr);
  CHECK_EQUAL(aut->good(), 1u);
  CHECK_EQUAL(aut->rows(), 2u);
}

TEST(the agenda learns what was asked) {
  auto sizes = query("sizes");
  sizes.every = 5min;
  auto shipped_too = std::make_shared<const catalogue>(std::vector{sizes});
  agenda rare{shipped_too, "a", {}};
  rare.learn(150000, server_role::primary, true);
  aut.emplace(make_flight(*shipped_too, {0}, {}, {}, memory), flight_limits{1s, tick, 2}, start);
  aut->take({1, one_row, true, std::nullopt}, rare, memory, start);
  CHECK(!rare.due(start + tick, tick)[0]);
  CHECK(rare.kept(start + tick, tick)[0]);
}

TEST(what fails for want of what it needs is no failure and is asked about) {
  take_extras(start - 1s); // the poll before
  auto sent = make_flight(*shipped, {0, std::nullopt, 0}, {}, {}, memory);
  aut.emplace(std::move(sent), flight_limits{1s, tick, 2}, start);
  CHECK(!asked.wants_facts(start));
  CHECK(!fail(1, failure::other, "42P01").lost_needs); // it needs nothing
  CHECK_EQUAL(aut->first_failed()->query, 0u);
  CHECK(aut->worst() == failure::other);
  CHECK(fail(2, failure::other, "42P01").lost_needs);
  CHECK(asked.wants_facts(start));
}

TEST(what fails though all that it needs is there fails in earnest) {
  auto again = [&](bool with_facts, time_point when) {
    auto sent = make_flight(*shipped, {std::nullopt, std::nullopt, 0},
                            extras_of(with_facts ? asked.facts_sql() : ""), {}, memory);
    aut.emplace(std::move(sent), flight_limits{1s, tick, 2}, when);
    take(0, when);
    if (with_facts)
      take(1, when, make_rows({"k", "n", "v"}, {{"extension", "pg_stat_statements", "1.10"}}));
    return fail(with_facts ? 2 : 1, failure::other, "42501").lost_needs;
  };
  CHECK(again(true, start)); // they are news
  CHECK(!again(true, start + tick));
  CHECK(!again(false, start + 2 * tick));
  CHECK(!asked.wants_facts(start + 2 * tick));
}

TEST(facts of the same poll excuse what it asked in vain) {
  take_extras(start - 1s);
  auto sent =
    make_flight(*shipped, {std::nullopt, std::nullopt, 0}, extras_of("facts"), {}, memory);
  aut.emplace(std::move(sent), flight_limits{1s, tick, 2}, start);
  take(0, start);
  take(1, start, make_rows({"k", "n", "v"}, {}));
  CHECK(fail(2, failure::other, "42P01").lost_needs);
  CHECK(aut->worst() == failure::none);
  CHECK(!asked.wants_facts(start));
}

TEST(an extension that moves is no failure of a query that was sent before) {
  auto found = [](const char* schema) {
    return make_rows({"k", "n", "v"}, {{"extension", "pg_stat_statements", "1.10"},
                                       {"schema", "pg_stat_statements", schema}});
  };
  auto poll = [&](time_point when, const char* schema) {
    auto sent =
      make_flight(*shipped, {std::nullopt, std::nullopt, 0}, extras_of("facts"), {}, memory);
    aut.emplace(std::move(sent), flight_limits{1s, tick, 2}, when);
    take(0, when);
    take(1, when, found(schema));
    return fail(2, failure::other, "42883").lost_needs;
  };
  CHECK(poll(start, "public"));
  CHECK(poll(start + tick, "elsewhere"));
  CHECK(!poll(start + 2 * tick, "elsewhere"));
}

TEST(a query whose result crossed a bound is left out for ten minutes) {
  session_error too_large{failure::too_large, {}, "more than 16 MiB"};
  CHECK(aut->broke_off(too_large, asked, start) == nullptr);
  take_extras(start);
  CHECK(aut->broke_off({failure::network, {}, "gone"}, asked, start) == nullptr);
  CHECK_EQUAL(asked.planned(start), 3u);
  const auto* culprit = aut->broke_off(too_large, asked, start);
  REQUIRE(culprit != nullptr);
  CHECK_EQUAL(culprit->query, 0u);
  CHECK(!asked.due(start + 9min, tick)[0]);
  CHECK(asked.due(start + 10min, tick)[0]);
}

TEST(silence is measured by the query under way and the whole by the longest) {
  CHECK(aut->deadline() == start + 2s);
  take_extras(start + 1s);
  CHECK(aut->deadline() == start + 3s);
  take(3, start + 2s, one_row);
  CHECK(aut->deadline() == start + 31s); // slow may take 30 s; so may all of it
  aut->heard(start + 8s);
  CHECK(aut->deadline() == start + 31s);
}

TEST(without a query of its own limit a flight lasts an interval at most) {
  aut.emplace(make_flight(*shipped, {0, std::nullopt, std::nullopt}, {}, {}, memory),
              flight_limits{1s, tick, 2}, start);
  aut->heard(start + 9s);
  CHECK(aut->deadline() == start + tick);
}

TEST(the trace has what came and what did not ) {
  take_extras(start + 1ms);
  take(3, start + 3ms, one_row);
  auto x = aut->trace(5, failure::timeout, start + 9ms);
  CHECK_EQUAL(x.when, 5.0);
  CHECK(x.reason == failure::timeout);
  CHECK(x.round_trip == caf::timespan{1ms});
  CHECK(x.duration == caf::timespan{9ms});
  REQUIRE(x.queries.size() == 2u);
  CHECK(x.queries[0].done && !x.queries[1].done);
  CHECK_EQUAL(x.queries[0].rows, 1u);
  CHECK(x.queries[0].end == caf::timespan{3ms});
  CHECK_EQUAL(x.queries[1].query, 1u);
  CHECK(x.queries[1].start == caf::timespan{3ms});
}

CAF_TEST_FIXTURE_SCOPE_END()
