// What the shipped SQL calls and casts to is the system's, whatever search_path says. Operators are
// left to the pinned search_path: qualified, they would make the definitions unreadable.
#define SUITE shipped_sql

#include "test/unit/test.hpp"

#include "actors/backend/cluster_facts.hpp"
#include "actors/backend/pins.hpp"
#include "actors/backend/setup_sql.hpp"
#include "config/catalogue.hpp"
#include "config/tables.hpp"

#include <regex>
#include <set>
#include <string>
#include <vector>

using namespace pgstatsmon;

namespace {

/// What stands before a parenthesis and is no function of anybody's.
const std::set<std::string> grammar{
  "and",      "any",    "as",      "by",       "case",   "coalesce", "conflict", "entry",
  "exists",   "from",   "in",      "join",     "least",  "not",      "nullif",   "on",
  "operator", "select", "then",    "using",    "values", "when",     "where",    "or",
  "else",     "table",  "nothing", "greatest", "bit",    "lateral",  "over"};

/// Types whose names are words of the grammar, so that nobody can make others of the same name.
const std::set<std::string> types{"bigint",   "bit",     "boolean", "double",   "integer",
                                  "interval", "numeric", "real",    "smallint", "timestamp"};

std::string lower(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Without constants and comments, so that only code is left.
std::string code_of(const std::string& sql) {
  auto code = std::regex_replace(with_tables(sql, {.include = {"a"}, .exclude = {"b"}}),
                                 std::regex{"--[^\n]*|'[^']*'"}, "''");
  // An extension's schema is put in, so that is no name for a search_path to decide about.
  return std::regex_replace(code, std::regex{R"(\{schema \w+\}\.)"}, "pg_catalog.");
}

/// Words of the SQL that a search_path would decide about.
std::vector<std::string> unqualified(const std::string& sql) {
  std::vector<std::string> result;
  auto code = code_of(sql);
  auto each = [&](const char* pattern, auto judge) {
    std::regex form{pattern, std::regex::icase};
    for (std::sregex_iterator i{code.begin(), code.end(), form}, end; i != end; ++i)
      judge(lower((*i)[1]));
  };
  // Names of aliases with columns, as in "s(name, value)", are one letter long.
  each(R"(([a-z_][a-z_0-9.]*) ?\()", [&](const std::string& name) {
    if (name.size() > 1 && !grammar.contains(name) && !name.starts_with("pg_catalog.")
        && !name.starts_with("pgstatsmon."))
      result.push_back(name + "()");
  });
  each(R"(::([a-z_"][a-z_0-9."]*))", [&](const std::string& name) {
    if (!types.contains(name) && !name.starts_with("pg_catalog."))
      result.push_back("::" + name);
  });
  return result;
}

/// Fails with the words that are left to search_path.
void check(const std::string& what, const std::string& sql) {
  auto found = what;
  for (const auto& word : unqualified(sql))
    found += " " + word;
  CHECK_EQUAL(found, what);
}

std::vector<std::string> sql_of(const query_definition& query) {
  std::vector<std::string> result{query.texts};
  for (const auto& variant : query.variants)
    result.push_back(variant.sql);
  return result;
}

} // namespace

TEST(the search finds what is left to the path) {
  CHECK_EQUAL(unqualified("SELECT count(*), x::text FROM f() WHERE a IN (1)"),
              (std::vector<std::string>{"count()", "::text"}));
  CHECK(unqualified("SELECT pg_catalog.count(*)::bigint, 'f()::x' -- f()").empty());
}

TEST(functions and types of the built in queries are the systems) {
  auto queries = built_in_catalogue();
  for (const auto& query : queries->queries())
    for (const auto& sql : sql_of(query))
      check(query.name, sql);
}

TEST(relations of the built in queries are the systems) {
  std::regex form{R"(\b(?:FROM|JOIN)\s+(?:LATERAL\s+)?([a-z_][a-z_0-9.]*))"};
  auto queries = built_in_catalogue();
  for (const auto& query : queries->queries())
    for (const auto& sql : sql_of(query)) {
      auto code = code_of(sql);
      for (std::sregex_iterator i{code.begin(), code.end(), form}, end; i != end; ++i) {
        auto name = i->str(1);
        // What the same query defines with WITH.
        auto own = code.find(name + " AS (") != std::string::npos;
        if (!own && !name.starts_with("pg_catalog.") && !name.starts_with("pgstatsmon."))
          CHECK_EQUAL(query.name + " reads pg_catalog." + name, query.name + " reads " + name);
      }
    }
}

TEST(functions and types of what sets a session are the systems) {
  for (auto version : {90200, 90600, 150000, 180000}) {
    check("pins", local_pins({.statement_timeout = 1, .lock_timeout = 1}, version));
    check("pins", session_pins({.statement_timeout = 1, .lock_timeout = 1}, version, 1));
    check("rights", rights_query(version));
    check("cluster", cluster_query(version, true));
  }
}

TEST(setup leaves no operator to the path) {
  // What an operator's sign may also be: what SET and HINT give a value with.
  std::regex harmless{"(SET search_path|HINT) = |''[^']*''"};
  std::regex bare{R"([^.(](=|<>|<|>|>=|<=)[^)].*)"};
  for (auto version : {100000, 150000, 160000, 180000})
    for (const auto& sql : setup_statements(version, "u", {})) {
      auto code = std::regex_replace(sql, harmless, "");
      std::smatch found;
      std::regex_search(code, found, bare);
      CHECK_EQUAL(found.str(), "");
      CHECK_EQUAL(code.find(" IN ("), std::string::npos);
    }
}
