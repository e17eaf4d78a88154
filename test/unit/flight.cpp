// The statements of a poll.
#define SUITE flight

#include "actors/backend/flight.hpp"

#include "test/unit/test.hpp"

#include <set>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

query_definition query(std::string sql) {
  query_definition result;
  result.variants = {{.sql = std::move(sql)}};
  return result;
}

/// `clock` and `query`, each with its index where there is one, and `|` for a Sync.
std::string shape(const flight& x) {
  std::string result;
  for (size_t i = 0; i < x.steps.size(); ++i) {
    auto index = std::to_string(x.steps[i].query);
    if (x.steps[i].what == purpose::clock)
      result += x.steps[i].timed ? " clock" + index : " clock";
    if (x.steps[i].what == purpose::query)
      result += " query" + index;
    result += x.statements[i].sync ? " |" : "";
  }
  return result;
}

/// Of a session that is ours, with queries that all went well.
std::string shape_of(std::vector<query_definition> queries, int32_t version = 150000,
                     footing ground = footing::own) {
  session_memory memory{.ground = ground};
  plan all(queries.size(), 0);
  for (size_t i = 0; i < queries.size(); ++i)
    memory.proven.insert({i, 0});
  return shape(make_flight(catalogue{std::move(queries)}, all, {.clocks = true},
                           {.version = version}, memory));
}

} // namespace

TEST(a flight begins with a lone Sync and prepares what is not prepared) {
  catalogue queries{{{"a", "", {{0, 0, server_role::unknown, {}, "SELECT 1"}}, {}, {}},
                     {"b", "", {{0, 0, server_role::unknown, {}, "SELECT 2"}}, {}, {}}}};
  session_memory own{.ground = footing::own};
  own.prepared.add({0, 0});
  auto x = make_flight(queries, {0, std::nullopt},
                       {.pins = {}, .guards = {}, .role = {}, .rights = "SELECT true", .facts = {}},
                       {}, own);
  REQUIRE(x.statements.size() == 3u);
  CHECK(x.statements[0] == statement{});
  CHECK(x.steps[0].what == purpose::arrival);
  CHECK(x.steps[1].what == purpose::rights);
  CHECK(x.statements[2] == (statement{.name = "pgstatsmon_0_0"}));
  x = make_flight(queries, {std::nullopt, 0}, {}, {}, own);
  CHECK(x.statements[1]
        == (statement{.name = "pgstatsmon_1_0", .sql = "SELECT 2", .prepare = true}));
  own.prepared.give_up({0, 0});
  x = make_flight(queries, {0, std::nullopt}, {}, {}, own);
  CHECK(x.statements[1] == (statement{.sql = "SELECT 1"}));
}

TEST(what sets a session needs no pins and all else has them where the session may not be ours) {
  catalogue queries{{{"a", "", {{0, 0, server_role::unknown, {}, "SELECT 1"}}, {}, {}}}};
  flight_extras extras{
    .pins = "pins", .guards = "guards", .role = "role", .rights = "rights", .facts = "facts"};
  auto x = make_flight(queries, {0}, extras, {}, {});
  REQUIRE(x.statements.size() == 6u);
  CHECK(x.statements[1] == (statement{.sql = "guards"}));
  CHECK(x.statements[2] == (statement{.pins = "pins", .sql = "role"}));
  CHECK(x.statements[3] == (statement{.pins = "pins", .sql = "rights"}));
  CHECK(x.statements[4] == (statement{.pins = "pins", .sql = "facts"}));
  CHECK(x.statements[5] == (statement{.pins = "pins", .sql = "SELECT 1"}));
}

TEST(what is proven shares a Sync) {
  std::vector<query_definition> five(5, query("SELECT 1"));
  session_memory memory{.ground = footing::own, .proven = {{0, 0}, {1, 0}, {2, 0}, {4, 0}}};
  auto x = make_flight(catalogue{five}, {0, std::nullopt, 0, 0, 0}, {.clocks = true},
                       {.version = 150000}, memory);
  CHECK_EQUAL(shape(x), " | clock query0 clock0 query2 clock2 | clock query3 clock3 |"
                        " clock query4 clock4 |");
}

TEST(what may not share a Sync has its own) {
  auto two = [](query_definition x) { return std::vector{query("SELECT 0"), std::move(x)}; };
  constexpr auto alone = " | clock query0 clock0 | clock query1 clock1 |";
  CHECK_EQUAL(shape_of(two(query("SELECT 1"))), " | clock query0 clock0 query1 clock1 |");
  CHECK_EQUAL(shape_of(two(query("SELECT 1")), 100023), alone);
  CHECK_EQUAL(shape_of(two(query("SELECT 1")), 150000, footing::shared), alone);
  CHECK_EQUAL(shape_of(two(query("SELECT n FROM {schema x}.t"))), alone);
  auto rare = query("SELECT 1");
  rare.every = 5min;
  CHECK_EQUAL(shape_of(two(rare)), alone);
  auto long_one = query("SELECT 1");
  long_one.timeout = 30s;
  CHECK_EQUAL(shape_of(two(long_one)), alone);
}

TEST(what shares no Sync now and may is known) {
  catalogue queries{{query("SELECT 0"), query("SELECT n FROM app.t")}};
  auto x = make_flight(queries, {0, 0}, {.clocks = true}, {.version = 150000}, {});
  CHECK_EQUAL(shape(x), " | clock query0 clock0 | clock query1 clock1 |");
  CHECK(x.steps[2].may_share && !x.steps[5].may_share);
}

TEST(pins come before the clock that a query begins with) {
  catalogue queries{{query("SELECT 0")}};
  auto x = make_flight(queries, {0}, {.pins = "pins", .clocks = true}, {.version = 150000}, {});
  REQUIRE(x.statements.size() == 4u);
  CHECK_EQUAL(x.statements[1].pins, "pins");
  CHECK(x.statements[1].name.empty() && !x.statements[1].sync);
  CHECK(x.statements[2] == (statement{.sql = "SELECT 0", .sync = false}));
}

TEST(the clock is prepared once) {
  catalogue queries{{query("SELECT 0"), query("SELECT 1")}};
  session_memory memory{.ground = footing::own};
  auto sent = [&] {
    return make_flight(queries, {0, 0}, {.clocks = true}, {.version = 150000}, memory).statements;
  };
  auto x = sent();
  CHECK(x[1].prepare && x[1].name == "pgstatsmon_now" && !x[1].sql.empty());
  for (size_t i : {3, 4, 6})
    CHECK(x[i] == (statement{.name = "pgstatsmon_now", .sync = i != 4}));
  memory.prepared.add(clock_key);
  CHECK(sent()[1] == (statement{.name = "pgstatsmon_now", .sync = false}));
  memory.prepared.give_up(clock_key);
  CHECK(sent()[1].name.empty() && sent()[3].name.empty() && !sent()[3].sql.empty());
  memory.clock = false;
  x = sent();
  REQUIRE(x.size() == 3u);
  CHECK(x[1].sync && x[2].sync);
}

namespace {

/// The statements of a flight that asks for the server's place in its cluster, and one query.
std::string cluster_shape(cluster_question what, const session_memory& memory,
                          int32_t version = 150000) {
  catalogue queries{std::vector{query("SELECT 1")}};
  auto x =
    make_flight(queries, {0}, {.cluster = what, .clocks = true}, {.version = version}, memory);
  std::string result;
  for (size_t i = 0; i < x.steps.size(); ++i) {
    if (x.steps[i].what == purpose::cluster)
      result += x.statements[i].name.empty() ? " whole"
                : x.statements[i].prepare    ? " make"
                                             : " use";
    result += x.statements[i].sync ? " |" : "";
  }
  return result;
}

} // namespace

TEST(a place in a cluster shares a Sync once it went well) {
  using enum cluster_question;
  session_memory memory{.ground = footing::own};
  memory.proven.insert({0, 0});
  CHECK_EQUAL(cluster_shape(none, memory), " | |");
  CHECK_EQUAL(cluster_shape(whole, memory), " | whole | |");
  CHECK_EQUAL(cluster_shape(place, memory), " | make | |");
  memory.prepared.add(cluster_key);
  CHECK_EQUAL(cluster_shape(place, memory), " | use | |");
  memory.proven.insert(cluster_key);
  CHECK_EQUAL(cluster_shape(place, memory), " | use |");
  // Which server it is may be refused.
  CHECK_EQUAL(cluster_shape(whole, memory), " | whole | |");
  CHECK_EQUAL(cluster_shape(place, memory, 100000), " | use | |");
  CHECK_EQUAL(cluster_shape(whole, memory, 90500), " | |");
  memory.proven.erase({0, 0});
  CHECK_EQUAL(cluster_shape(place, memory), " | use | |");
  memory.cluster = false;
  CHECK_EQUAL(cluster_shape(place, memory), " | |");
}
