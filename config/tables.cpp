// Tables are chosen by the server, by `schema.table`.
#include "config/tables.hpp"

#include "config/patterns.hpp"
#include "config/sql_blanks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// A literal that means the same whatever standard_conforming_strings says.
std::string literal(std::string_view text) {
  std::string result = "E'";
  for (auto c : text) {
    if (c == '\'' || c == '\\')
      result += c;
    result += c;
  }
  return result + '\'';
}

std::string any_of(const std::vector<std::string>& patterns) {
  return literal(fmt::format("^(?:{})$", fmt::join(patterns, "|")));
}

std::string condition(std::string_view alias, const table_rules& rules) {
  constexpr std::string_view name =
    "(s.nspname::pg_catalog.text || '.'::pg_catalog.text || r.relname::pg_catalog.text)";
  auto result = fmt::format("{}.oid IN (SELECT r.oid FROM pg_catalog.pg_class r"
                            " JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace WHERE true",
                            alias);
  if (!rules.include.empty())
    result += fmt::format(" AND {} ~ {}", name, any_of(rules.include));
  if (!rules.exclude.empty())
    result += fmt::format(" AND {} !~ {}", name, any_of(rules.exclude));
  return result + ')';
}

} // namespace

void read_tables(const value& self, table_settings& x) {
  fields s{self};
  read_patterns(s.get("include"), parse_server_pattern, x.include);
  read_patterns(s.get("exclude"), parse_server_pattern, x.exclude);
}

table_rules narrowed(table_rules wider, const table_settings& narrower) {
  wider.include = narrower.include.value_or(std::move(wider.include));
  wider.exclude = narrower.exclude.value_or(std::move(wider.exclude));
  return wider;
}

std::string with_tables(std::string_view sql, const table_rules& rules) {
  return fill_blanks(sql, "{tables ", [&](std::string_view alias) {
    return rules == table_rules{} ? std::string{"true"} : condition(alias, rules);
  });
}

} // namespace pgstatsmon
