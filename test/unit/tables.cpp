// `tables` of the configuration: what holds, and the condition that the server is sent.
#define SUITE tables

#include "config/tables.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/source_spec.hpp"

using namespace pgstatsmon;

namespace {

std::string fault_of(const std::string& tables) {
  auto x = parse_settings("static: {dbs: []}\ntables: " + tables + "\n", "test.yaml");
  return x ? std::string{} : context_of(x.error());
}

table_rules rules_of(const std::string& top, const std::string& entry) {
  auto x = parse_settings(top + "static:\n  dbs:\n  - {name: a, ip: 127.0.0.1" + entry + "}\n",
                          "test.yaml");
  if (!x)
    CAF_FAIL(context_of(x.error()));
  return static_backends(*x).at(0).collect.tables;
}

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

} // namespace

TEST(narrower words win over wider ones) {
  CHECK(rules_of("", "") == table_rules{});
  auto top = "tables: {include: [a], exclude: [b]}\n";
  CHECK(rules_of(top, "") == (table_rules{.include = {"a"}, .exclude = {"b"}}));
  CHECK(rules_of(top, ", tables: {exclude: []}") == (table_rules{.include = {"a"}, .exclude = {}}));
  CHECK(rules_of(top, ", tables: {include: [c]}")
        == (table_rules{.include = {"c"}, .exclude = {"b"}}));
}

TEST(what PostgreSQL would read differently is refused) {
  CHECK_EQUAL(fault_of(R"({exclude: ['a\.b{2,255}', '[.]\w+', "O'Neil[.].*"]})"), "");
  for (auto wrong : {R"('\bx')", R"('x\B')", R"('a{256}')", R"('a{1,300}')", R"('a{1000,}')"})
    CHECK(contains(fault_of("{exclude: [" + std::string{wrong} + "]}"), "PostgreSQL"));
  CHECK_EQUAL(fault_of(R"({exclude: ['\\b', 'a{25}']})"), "");
  CHECK(contains(fault_of(R"({exclude: ['(a)\1']})"), "back reference"));
  CHECK(contains(fault_of(R"({exclude: ['(']})"), "no regular expression"));
  CHECK(contains(fault_of("{only: [a]}"), "tables.only"));
}

TEST(without rules the condition is true) {
  CHECK_EQUAL(with_tables("WHERE {tables c} OR {tables d}", {}), "WHERE true OR true");
  CHECK_EQUAL(with_tables("SELECT '{a}'::text[] {tables ", {.include = {"x"}, .exclude = {}}),
              "SELECT '{a}'::text[] {tables ");
}

TEST(patterns are literals that nothing can end) {
  auto sql = with_tables("{tables c}", {.include = {"a", "b"}, .exclude = {R"(o'\.'); DROP)"}});
  CHECK(sql.starts_with("c.oid IN (SELECT r.oid FROM pg_catalog.pg_class r "));
  CHECK(contains(sql, "~ E'^(?:a|b)$' AND "));
  CHECK(contains(sql, R"(!~ E'^(?:o''\\.''); DROP)$')"));
}
