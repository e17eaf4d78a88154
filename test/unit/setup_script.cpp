// What a DBA pastes is what setup sends.
#define SUITE setup_script

#include "actors/backend/setup_script.hpp"

#include "test/unit/test.hpp"

#include "actors/backend/setup_sql.hpp"

using namespace pgstatsmon;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

role_needs over_tcp(const std::string& user) {
  return {.user = user, .databases = {"shop"}, .over_tcp = true};
}

} // namespace

TEST(versions are read as people and servers write them) {
  CHECK(parse_server_version("16") == 160000);
  CHECK(parse_server_version("9.6") == 90600);
  CHECK(parse_server_version("9.2") == 90200);
  CHECK(parse_server_version("15.18") == 150018);
  CHECK(parse_server_version("150018") == 150018);
  CHECK(parse_server_version("90624") == 90624);
  for (const auto* x : {"", "9", "9.1", "x", "16.x", "-1", "16beta", "99999999", "1.2.3"})
    CHECK(!parse_server_version(x));
}

TEST(the blocks have the bodies of what setup sends) {
  for (auto version : {90600, 140000, 150000, 160000}) {
    auto needs = over_tcp("we\"ird'");
    needs.visits = 3;
    auto script = setup_script({needs}, version);
    auto bodies = setup_bodies(version, needs.user, {}, needs.visits);
    auto sent = setup_statements(version, needs.user, {}, needs.visits);
    REQUIRE(bodies.size() == sent.size());
    for (size_t i = 0; i < bodies.size(); ++i) {
      CHECK(has(script, "DO $pgstatsmon$" + bodies[i] + "$pgstatsmon$;\n"));
      CHECK_EQUAL(sent[i], "DO " + quote_literal(bodies[i]));
    }
    CHECK(has(script, "\\password \"we\"\"ird'\"\n"));
  }
}

TEST(before 10 each database gets its functions) {
  auto needs = over_tcp("u");
  needs.databases = {"a", "b"};
  auto script = setup_script({needs}, 90600);
  CHECK(has(script, "\\connect \"a\"\nDO"));
  CHECK(has(script, "\\connect \"b\"\nDO"));
  CHECK(!has(setup_script({needs}, 100000), "\\connect"));
}

TEST(a name can not end its block) {
  auto script = setup_script({over_tcp("$pgstatsmon$")}, 160000);
  CHECK(has(script, "DO $pgstatsmon1$\n"));
  CHECK(has(script, "END$pgstatsmon1$;\n"));
}

TEST(each role has its lines of pg_hba) {
  auto first = over_tcp("u");
  first.tls = true;
  auto second = over_tcp("v");
  second.all_databases = true;
  second.over_socket = true;
  auto script = setup_script({first, second}, 160000);
  CHECK(has(script, "-- hostssl  \"shop\"  \"u\"  ADDRESS/32  scram-sha-256\n"));
  CHECK(has(script, "-- host  all  \"v\"  ADDRESS/32  scram-sha-256\n"));
  CHECK(has(script, "-- local  all  \"v\"  peer\n"));
}

TEST(a role of pgbouncers needs nothing of a server) {
  auto script = setup_script({{.user = "u", .pgbouncers = true}}, 160000);
  CHECK(has(script, "-- stats_users = u\n"));
  CHECK(!has(script, "DO ") && !has(script, "pg_hba"));
}
