// What is asked about needs, and what the answers mean.
#define SUITE found_facts

#include "actors/backend/found_facts.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using test::make_rows;

namespace {

need wanted(std::string_view text) {
  auto result = parse_need(text);
  REQUIRE(result);
  return *result;
}

found_facts answers() {
  return found_facts{
    *make_rows({"kind", "name", "value"}, {{"extension", "pg_stat_statements", "1.10"},
                                           {"schema", "pg_stat_statements", "\"odd schema\""},
                                           {"setting", "track_io_timing", "off"},
                                           {"setting", "unknown", std::nullopt},
                                           {"role", "pg_monitor", "true"},
                                           {"role", "pg_read_all_data", "false"},
                                           {"select", "pg_catalog.pg_hba_file_rules", "false"},
                                           {"execute", "pg_catalog.pg_ls_waldir()", "true"}})};
}

} // namespace

TEST(answers are what holds) {
  auto x = answers();
  CHECK(x.holds(wanted("extension pg_stat_statements")));
  CHECK(x.holds(wanted("extension pg_stat_statements >= 1.9")));
  CHECK(!x.holds(wanted("extension pg_stat_statements >= 1.11")));
  CHECK(!x.holds(wanted("extension other")));
  CHECK(x.holds(wanted("setting track_io_timing = off")));
  CHECK(x.holds(wanted("setting track_io_timing != on")));
  CHECK(!x.holds(wanted("setting track_io_timing = on")));
  CHECK(!x.holds(wanted("setting unknown != on")));
  CHECK(x.holds(wanted("right pg_monitor")));
  CHECK(!x.holds(wanted("right pg_read_all_data")));
  CHECK(!x.holds(wanted("right select pg_catalog.pg_hba_file_rules")));
  CHECK(x.holds(wanted("right execute pg_catalog.pg_ls_waldir()")));
}

TEST(nothing holds before the first answer) {
  CHECK(!found_facts{}.holds(wanted("right pg_monitor")));
  CHECK(!found_facts{}.holds(wanted("setting a != b")));
}

TEST(schemas of extensions are put in) {
  CHECK_EQUAL(answers().with_schemas("SELECT {schema pg_stat_statements}.f() , {x}"),
              "SELECT \"odd schema\".f() , {x}");
  CHECK_EQUAL(answers().with_schemas("SELECT {schema other}.f()"), "SELECT pg_catalog.f()");
  CHECK_EQUAL(answers().with_schemas("{schema never ends"), "{schema never ends");
}

TEST(each need is asked about once and functions are not ) {
  query_definition a;
  a.needs = {wanted("right pg_monitor"), need{}};
  query_definition b;
  b.variants = {{.needs = {wanted("right pg_monitor"), wanted("extension x")}}};
  CHECK_EQUAL(needs_of(catalogue{{a, b}}).size(), 2u);
  CHECK_EQUAL(facts_query({}, 150000), "");
}

TEST(old servers are asked in words that they know) {
  std::vector needs{wanted("setting a = on"), wanted("right select pg_catalog.x")};
  CHECK(facts_query(needs, 90300).find("to_regclass") == std::string::npos);
  CHECK(facts_query(needs, 90500).find("n::cstring") != std::string::npos);
  CHECK(facts_query(needs, 90500).find("pg_settings") != std::string::npos);
  CHECK(facts_query(needs, 150000).find("current_setting(n, true)") != std::string::npos);
}

TEST(a hostile name stays a literal) {
  need x{need::kind::extension, "a'); DROP TABLE b; --"};
  CHECK(facts_query({x}, 150000).find("'a''); DROP TABLE b; --'") != std::string::npos);
}
