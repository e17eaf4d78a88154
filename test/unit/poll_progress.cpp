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

/// A flight of arrival, guards, facts, quick and slow; or of arrival and three queries with clocks,
/// of which the first two share a Sync and the third has a time limit of its own.
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

  void send_with_clocks() {
    memory = {.ground = footing::own, .proven = {{0, 0}, {1, 0}}};
    aut.emplace(with_clocks({0, 0, 0}), flight_limits{1s, tick, 2}, start);
    take(0, start + 1ms);
  }

  flight with_clocks(const plan& what) const {
    catalogue three{{query("a"), query("b"), query("c", 30s)}};
    return make_flight(three, what, {.clocks = true}, {.version = 150000}, memory);
  }

  /// The server's clock, s.
  taken_result take_clock(size_t index, const char* said, time_point now = start + 100ms) {
    return take(index, now, make_rows({"date_part"}, {{said}}));
  }

  taken_result skip(size_t index) {
    return aut->take({index, nullptr, false, std::nullopt, true}, asked, memory, start + 100ms);
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
  CHECK(x.took == caf::timespan{7ms});
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

TEST(queries that share a Sync are waited for as if two of them took all of their time) {
  std::vector<query_definition> all;
  memory = {.ground = footing::own, .proven = {}};
  for (size_t i = 0; i < 10; ++i) {
    all.push_back(query("shared" + std::to_string(i)));
    memory.proven.emplace(i, 0);
  }
  all.push_back(query("own", 30s));
  aut.emplace(
    make_flight(catalogue{all}, plan(all.size(), 0), {.clocks = true}, {.version = 150000}, memory),
    flight_limits{1s, tick, 2}, start);
  take(0, start);
  CHECK(aut->deadline() == start + 3s);
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

TEST(a query takes as long as the server says whenever it arrives) {
  send_with_clocks();
  CHECK(!take_clock(1, "1700000000.25").took);
  CHECK(!take(2, start + 100ms, one_row).took);
  auto x = take_clock(3, "1700000000.253");
  CHECK(x.what.what == purpose::clock);
  CHECK_EQUAL(x.what.query, 0u);
  CHECK(x.result.rows == one_row);
  REQUIRE(x.took);
  CHECK_EQUAL(std::chrono::round<std::chrono::microseconds>(*x.took), 3ms);
  CHECK(!take(4, start + 100ms, one_row).took);
  x = take_clock(5, "1700000000.254");
  REQUIRE(x.took);
  CHECK_EQUAL(std::chrono::round<std::chrono::microseconds>(*x.took), 1ms);
  auto trace = aut->trace(5, failure::none, start + 100ms);
  CHECK_EQUAL(std::chrono::round<std::chrono::microseconds>(*trace.queries.at(0).took), 3ms);
  CHECK_EQUAL(trace.queries[0].end, caf::timespan{100ms});
}

TEST(a clock that was set gives no time) {
  for (const auto* end : {"1699999999", "1700000001", "now"}) {
    send_with_clocks();
    take_clock(1, "1700000000");
    take(2, start, one_row);
    CHECK(!take_clock(3, end).took);
    CHECK(!aut->trace(5, failure::none, start).queries.at(0).took);
  }
}

TEST(what shares no clock with the one before is not timed by it) {
  send_with_clocks();
  take_clock(1, "1700000000");
  fail(2, failure::other);
  skip(3);
  skip(4);
  skip(5);
  take_clock(6, "1700000000.01");
  take(7, start, one_row);
  auto x = take_clock(8, "1700000000.02");
  REQUIRE(x.took);
  CHECK_EQUAL(std::chrono::round<std::chrono::microseconds>(*x.took), 10ms);
}

TEST(what went well and quickly may share a Sync next time) {
  memory = {.ground = footing::own};
  aut.emplace(with_clocks({0, 0, 0}), flight_limits{1s, tick, 2}, start);
  take(0, start);
  auto answer = [&](size_t index, const char* end) {
    take_clock(index, "1700000000");
    take(index + 1, start, one_row);
    take_clock(index + 2, end);
  };
  answer(1, "1700000000.009");
  answer(4, "1700000000.011");
  answer(7, "1700000000.009");
  CHECK(memory.proven == (std::set<prepared_statements::key>{{0, 0}}));
}

TEST(what was skipped is sent again and each by itself) {
  send_with_clocks();
  take_clock(1, "1700000000");
  fail(2, failure::other);
  skip(3);
  CHECK(skip(4).result.skipped);
  skip(5);
  CHECK(!aut->skipped());
  for (size_t i : {6, 7, 8})
    take_clock(i, "1700000000");
  CHECK(aut->skipped() == (plan{std::nullopt, 0}));
  CHECK(memory.proven.empty());
  aut->go_on(with_clocks(*aut->skipped()), start + 200ms);
  CHECK(!aut->complete() && !aut->skipped());
  REQUIRE(aut->statements().size() == 4u);
  CHECK(aut->deadline() == start + 200ms + 2s);
  for (size_t i = 0; i < 4; ++i)
    take_clock(i, "1700000000", start + 200ms);
  CHECK(aut->complete() && !aut->skipped());
  CHECK_EQUAL(aut->good(), 2u);
  CHECK_EQUAL(aut->first_failed()->query, 0u);
  CHECK(memory.proven == (std::set<prepared_statements::key>{{1, 0}}));
}

TEST(what is skipped twice has failed) {
  send_with_clocks();
  fail(1, failure::timeout, "57014");
  for (size_t i : {2, 3, 4, 5})
    skip(i);
  for (size_t i : {6, 7, 8})
    take_clock(i, "1700000000");
  CHECK(aut->worst() == failure::none);
  CHECK(memory.clock);
  aut->go_on(with_clocks(*aut->skipped()), start);
  take(0, start);
  fail(1, failure::timeout, "57014");
  auto x = skip(2);
  skip(3);
  REQUIRE(x.result.error);
  CHECK_EQUAL(x.result.error->sqlstate, "57014");
  CHECK(!x.result.skipped);
  fail(4, failure::timeout, "57014");
  skip(5);
  skip(6);
  CHECK(aut->complete() && !aut->skipped());
  CHECK(aut->worst() == failure::timeout);
}

TEST(what a broken session leaves skipped has no answer) {
  send_with_clocks();
  take_clock(1, "1700000000");
  fail(2, failure::other);
  skip(3);
  skip(4);
  auto x = aut->trace(5, failure::network, start);
  REQUIRE(x.queries.size() == 3u);
  CHECK(x.queries[0].done && !x.queries[1].done && !x.queries[2].done);
}

TEST(a clock that is refused is asked no more) {
  send_with_clocks();
  fail(1, failure::other, "26000");
  CHECK(memory.clock);
  CHECK(memory.prepared.is_given_up(clock_key));
  send_with_clocks();
  fail(1, failure::query, "42501");
  CHECK(!memory.clock);
  CHECK_EQUAL(with_clocks({0, 0, 0}).steps.size(), 4u);
}

TEST(a server may be silent for all queries up to the next Sync) {
  send_with_clocks();
  CHECK(aut->deadline() == start + 1ms + 2 * 1s + 1s);
  take_clock(1, "1700000000", start + 1s);
  take(2, start + 1s, one_row);
  CHECK(aut->deadline() == start + 3s);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// Arrival, the server's place in its cluster, and a query between two clocks.
struct cluster_fixture : fixture {
  cluster_fixture() { send(); }

  void send() {
    memory.ground = footing::own;
    catalogue one{{query("a")}};
    aut.emplace(make_flight(one, {0}, {.cluster = cluster_question::place, .clocks = true},
                            {.version = 150000}, memory),
                flight_limits{1s, tick, 2}, start);
    take(0, start + 1ms);
  }
};

} // namespace

FIXTURE_SCOPE(poll_progress_cluster_tests, cluster_fixture)

TEST(a place in a cluster that comes quickly may share a Sync) {
  auto x = take(1, start + 2ms, make_rows({"x"}, {{"1"}}));
  CHECK(x.what.what == purpose::cluster);
  CHECK(memory.prepared.contains(cluster_key));
  CHECK(memory.proven.contains(cluster_key));
  send();
  take(1, start + 100ms, make_rows({"x"}, {{"1"}}));
  CHECK(!memory.proven.contains(cluster_key));
  CHECK(memory.cluster);
}

TEST(a server that refuses its place is not asked again and has not failed) {
  fail(1, failure::query, "42883");
  CHECK(!memory.cluster);
  CHECK(aut->worst() == failure::none);
  CHECK(!aut->first_failed());
}

TEST(a place that was not told in time is asked for again) {
  fail(1, failure::timeout, "57014");
  CHECK(memory.cluster);
  fail(1, failure::query, "0A000"); // its plan is outdated
  CHECK(memory.cluster);
  CHECK(memory.prepared.is_given_up(cluster_key));
}

TEST(the time on the server is that of its first clock) {
  CHECK(!aut->server_clock());
  CHECK(aut->round_trip() == caf::timespan{1ms});
  take(1, start + 2ms, make_rows({"x"}, {{"1"}}));
  take_clock(2, "100.5");
  take(3, start + 3ms, make_rows({"n"}, {{"1"}}));
  take_clock(4, "101.5");
  CHECK(aut->server_clock() == 100.5);
}

FIXTURE_SCOPE_END()
