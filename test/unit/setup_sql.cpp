// The SQL of setup, and quoting.
#define SUITE setup_sql

#include "actors/backend/setup_sql.hpp"

#include "test/unit/test.hpp"

#include <string>
#include <string_view>

using namespace pgstatsmon;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// All that is sent, one after the other.
std::string sent(int32_t version, std::string_view user = "u", std::string_view verifier = {}) {
  std::string result;
  for (const auto& x : setup_statements(version, user, verifier))
    result += x + ";\n";
  return result;
}

} // namespace

TEST(identifiers are always quoted and quotes in them doubled) {
  CHECK_EQUAL(quote_identifier("pgstatsmon"), R"("pgstatsmon")");
  CHECK_EQUAL(quote_identifier("User"), R"("User")");
  CHECK_EQUAL(quote_identifier(R"(a"; DROP ROLE b; --)"), R"("a""; DROP ROLE b; --")");
  CHECK_EQUAL(quote_identifier(R"(")"), R"("""")");
  CHECK_EQUAL(quote_identifier(R"(a\'$$)"), R"("a\'$$")");
  CHECK_EQUAL(quote_identifier("ü\n"), "\"ü\n\"");
}

TEST(literals are the same with and without standard conforming strings) {
  CHECK_EQUAL(quote_literal(""), "''");
  CHECK_EQUAL(quote_literal("a"), "'a'");
  CHECK_EQUAL(quote_literal("it's"), "'it''s'");
  CHECK_EQUAL(quote_literal("''"), "''''''");
  CHECK_EQUAL(quote_literal(R"(\)"), R"( E'\\')");
  CHECK_EQUAL(quote_literal(R"(\'; DROP ROLE b; --)"), R"( E'\\''; DROP ROLE b; --')");
}

TEST(one block makes the role and its membership since version 10) {
  for (auto version : {100000, 140000, 150020, 160000, 180000}) {
    auto statements = setup_statements(version, "u", {});
    CHECK_EQUAL(statements.size(), 1u);
    CHECK(has(statements.front(), R"(CREATE ROLE "u" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE)"
                                  R"( NOREPLICATION)"));
    CHECK(has(statements.front(), "CONNECTION LIMIT 5;"));
    CHECK(has(statements.front(), "ALTER ROLE %I CONNECTION LIMIT %s"));
    CHECK(has(statements.front(), R"(GRANT pg_monitor TO "u")"));
    CHECK(!has(statements.front(), "FUNCTION"));
    CHECK(has(statements.front(), R"(ALTER ROLE "u" SET search_path = pg_catalog, pg_temp;)"));
  }
}

TEST(the membership is inherited from version 15 on) {
  CHECK(!has(sent(140000), "INHERIT"));
  CHECK(has(sent(150000), R"(ALTER ROLE "u" INHERIT)"));
  CHECK(!has(sent(160000), R"(ALTER ROLE "u" INHERIT)"));
  CHECK(has(sent(160000), R"(GRANT pg_monitor TO "u" WITH INHERIT TRUE)"));
}

TEST(functions lend their rights to the role alone before version 10) {
  struct row {
    int32_t version;
    bool replication;
    bool progress;
  };
  for (const auto& x :
       {row{90200, false, false}, row{90400, true, false}, row{90624, true, true}}) {
    CHECK_EQUAL(setup_statements(x.version, "u", {}).size(), 2u);
    auto sql = sent(x.version);
    CHECK(!has(sql, "pg_monitor"));
    CHECK(has(sql, "FUNCTION pgstatsmon.get_stat_activity()"));
    CHECK_EQUAL(has(sql, "FUNCTION pgstatsmon.get_stat_replication()"), x.replication);
    CHECK_EQUAL(has(sql, "FUNCTION pgstatsmon.get_stat_progress_vacuum()"), x.progress);
    CHECK(has(sql, "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"));
    CHECK(has(sql, "REVOKE ALL ON FUNCTION pgstatsmon.get_stat_activity() FROM PUBLIC"));
    CHECK(has(sql, R"(GRANT EXECUTE ON FUNCTION pgstatsmon.get_stat_activity() TO "u")"));
    CHECK(has(sql, R"(GRANT USAGE ON SCHEMA pgstatsmon TO "u")"));
  }
}

TEST(a password is set only where one is given) {
  CHECK(!has(sent(150000), "PASSWORD"));
  CHECK(!has(sent(90600), "PASSWORD"));
  CHECK(
    has(sent(150000, "u", "SCRAM-SHA-256$4096:s$k:'"), "PASSWORD ''SCRAM-SHA-256$4096:s$k:''''''"));
}

TEST(a hostile name stays a name) {
  // Twice quoted: as identifier or literal, and as part of the block, which is a literal too.
  auto sql = sent(150000, R"(a"b'c)");
  CHECK(has(sql, R"(CREATE ROLE "a""b''c" LOGIN)"));
  CHECK(has(sql, R"(r.rolname OPERATOR(pg_catalog.=) ''a"b''''c''::pg_catalog.name)"));
  auto slashed = sent(150000, R"(a\)");
  CHECK(slashed.starts_with("DO  E'"));
  CHECK(has(slashed, R"(CREATE ROLE "a\\" LOGIN)"));
  CHECK(has(slashed, R"(r.rolname OPERATOR(pg_catalog.=)  E''a\\\\''::pg_catalog.name)"));
}

TEST(the rights are looked for where the version has them) {
  CHECK(has(rights_query(150000), "'USAGE'"));
  CHECK(has(rights_query(140000), "'MEMBER'"));
  CHECK(has(rights_query(100000), "pg_monitor"));
  CHECK(!has(rights_query(90624), "pg_monitor"));
  CHECK(has(rights_query(90200), "count(*) OPERATOR(pg_catalog.=) 1"));
  CHECK(has(rights_query(90400), "count(*) OPERATOR(pg_catalog.=) 2"));
  CHECK(has(rights_query(90600), "count(*) OPERATOR(pg_catalog.=) 3"));
  for (auto version : {90200, 90600, 100000, 180000})
    CHECK(rights_query(version).ends_with(" AS complete"));
}
