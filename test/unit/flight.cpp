// The statements of a poll.
#define SUITE flight

#include "actors/backend/flight.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(a flight begins with a lone Sync and prepares what is not prepared) {
  catalogue queries{{{"a", "", {{0, 0, server_role::unknown, false, "SELECT 1"}}, {}, {}},
                     {"b", "", {{0, 0, server_role::unknown, false, "SELECT 2"}}, {}, {}}}};
  prepared_statements prepared;
  prepared.add({0, 0});
  auto x = make_flight(queries, {0, std::nullopt}, {"", "", "SELECT true"}, prepared, true);
  REQUIRE(x.statements.size() == 3u);
  CHECK(x.statements[0] == (statement{"", "", false}));
  CHECK(x.steps[0].what == purpose::arrival);
  CHECK(x.steps[1].what == purpose::rights);
  CHECK(x.statements[2] == (statement{"pgstatsmon_0_0_0", "", false}));
  x = make_flight(queries, {std::nullopt, 0}, {}, prepared, true);
  CHECK(x.statements[1] == (statement{"pgstatsmon_1_0_0", "SELECT 2", true}));
  prepared.renew({0, 0});
  x = make_flight(queries, {0, std::nullopt}, {}, prepared, true);
  CHECK(x.statements[1] == (statement{"pgstatsmon_0_0_1", "SELECT 1", true}));
}
