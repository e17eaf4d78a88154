// The list of databases as a server gives it.
#define SUITE database_list

#include "actors/backend/database_list.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

#include "actors/backend/found_facts.hpp"

using namespace pgstatsmon;
using test::make_rows;

TEST(rows are databases and room) {
  auto rows = make_rows({"kind", "name", "value"}, {{"setting", "x", "on"},
                                                    {"database", "app", "16384 3 77"},
                                                    {"database", "odd \"name", "2 0 -1"},
                                                    {"room", "server", "-2"},
                                                    {"room", "role", std::nullopt}});
  auto x = parse_database_list(*rows);
  REQUIRE(x.databases.size() == 2u);
  CHECK(x.databases[0] == (listed_database{"app", "16384", 3, 77}));
  CHECK(x.databases[1] == (listed_database{"odd \"name", "2", 0, 0}));
  CHECK(x.server_room == -2);
  CHECK(!x.role_room);
  // They change all the time, and the plan does not hang on them.
  CHECK(found_facts{*rows}
        == found_facts{*make_rows({"kind", "name", "value"}, {{"setting", "x", "on"}})});
}

TEST(an answer of another shape is an empty list) {
  CHECK(parse_database_list(*make_rows({"x"}, {{"database"}})).databases.empty());
  CHECK(parse_database_list(*make_rows({"a", "b", "c"}, {{"database", "x", ""}})).databases.size()
        == 1u);
}

TEST(slots that are reserved are asked for where there are such) {
  CHECK(databases_query(150000).find("reserved_connections')::bigint OPERATOR(pg_catalog.-) pg_")
        != std::string::npos);
  CHECK(databases_query(150000).find("('reserved_connections')") == std::string::npos);
  CHECK(databases_query(160000).find("('reserved_connections')") != std::string::npos);
}
