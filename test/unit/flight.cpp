// The statements of a poll.
#define SUITE flight

#include "actors/backend/flight.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

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
