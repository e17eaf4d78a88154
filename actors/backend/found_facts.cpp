// Asking about needs, and reading the answers.
#include "actors/backend/found_facts.hpp"

#include "actors/backend/server_settings.hpp"
#include "actors/backend/setup_sql.hpp"
#include "config/sql_blanks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace pgstatsmon {

namespace {

using kind = need::kind;

/// The names of one kind as `'a', 'b'`; empty for none.
std::string literals(const std::vector<need>& needs, kind what) {
  std::set<std::string> names;
  for (const auto& x : needs)
    if (x.what == what)
      names.insert(quote_literal(x.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string setting_rows(const std::vector<need>& needs, int32_t server_version) {
  auto names = literals(needs, kind::setting);
  if (names.empty())
    return {};
  if (server_version < 90600) // whose current_setting() fails for what it does not know
    return fmt::format("SELECT 'setting', name::text, setting FROM pg_catalog.pg_settings"
                       " WHERE name OPERATOR(pg_catalog.=) ANY (ARRAY[{}])",
                       names);
  return fmt::format("SELECT 'setting', n, pg_catalog.current_setting(n, true)"
                     " FROM pg_catalog.unnest(ARRAY[{}]::text[]) n",
                     names);
}

/// Rows of relations or functions that are there and that we may use. What finds them came with 9.4
/// and takes text from 9.6 on.
std::string usable_rows(const std::vector<need>& needs, kind what, int32_t server_version) {
  auto names = literals(needs, what);
  if (names.empty() || server_version < 90400)
    return {};
  const auto* text = server_version < 90600 ? "n::cstring" : "n";
  if (what == kind::select)
    return fmt::format("SELECT 'select', n,"
                       " pg_catalog.has_table_privilege(pg_catalog.to_regclass({}), 'select')::text"
                       " FROM pg_catalog.unnest(ARRAY[{}]::text[]) n",
                       text, names);
  return fmt::format("SELECT 'execute', n, pg_catalog.has_function_privilege("
                     "pg_catalog.to_regprocedure({}), 'execute')::text"
                     " FROM pg_catalog.unnest(ARRAY[{}]::text[]) n",
                     text, names);
}

/// Other rows of the same answer change all the time.
bool is_fact(std::string_view what) {
  return what != "database" && what != "room" && what != loaded_row;
}

} // namespace

std::vector<need> needs_of(const catalogue& queries, bool visit) {
  std::set<need> result;
  auto add = [&](const std::vector<need>& needs) {
    for (const auto& x : needs)
      if (x.what != kind::functions)
        result.insert(x);
  };
  for (const auto& query : queries.queries()) {
    if (visit && query.scope != query_scope::database)
      continue;
    add(query.needs);
    for (const auto& variant : query.variants)
      add(variant.needs);
  }
  return {result.begin(), result.end()};
}

std::string facts_query(const std::vector<need>& needs, int32_t server_version) {
  std::vector<std::string> parts;
  auto add = [&](std::string sql) {
    if (!sql.empty())
      parts.push_back(std::move(sql));
  };
  if (auto names = literals(needs, kind::extension); !names.empty()) {
    add(fmt::format("SELECT 'extension', e.extname::text, e.extversion"
                    " FROM pg_catalog.pg_extension e"
                    " WHERE e.extname::text OPERATOR(pg_catalog.=) ANY (ARRAY[{}])",
                    names));
    add(fmt::format("SELECT 'schema', e.extname::text, pg_catalog.quote_ident(n.nspname::text)"
                    " FROM pg_catalog.pg_extension e"
                    " JOIN pg_catalog.pg_namespace n"
                    " ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
                    " WHERE e.extname::text OPERATOR(pg_catalog.=) ANY (ARRAY[{}])",
                    names));
  }
  if (auto names = literals(needs, kind::role); !names.empty())
    add(fmt::format("SELECT 'role', r.rolname::text,"
                    " pg_catalog.pg_has_role(r.oid, 'USAGE')::text FROM pg_catalog.pg_roles r"
                    " WHERE r.rolname::text OPERATOR(pg_catalog.=) ANY (ARRAY[{}])",
                    names));
  add(setting_rows(needs, server_version));
  add(usable_rows(needs, kind::select, server_version));
  add(usable_rows(needs, kind::execute, server_version));
  return fmt::format("{}", fmt::join(parts, " UNION ALL "));
}

found_facts::found_facts(const PGresult& rows) {
  if (PQnfields(&rows) != 3)
    return;
  for (int i = 0; i < PQntuples(&rows); ++i)
    if (PQgetisnull(&rows, i, 2) == 0 && is_fact(PQgetvalue(&rows, i, 0)))
      values_.insert_or_assign({PQgetvalue(&rows, i, 0), PQgetvalue(&rows, i, 1)},
                               PQgetvalue(&rows, i, 2));
}

bool found_facts::holds(const need& wanted) const {
  auto value = [&](const char* what) -> const std::string* {
    auto i = values_.find({what, wanted.name});
    return i == values_.end() ? nullptr : &i->second;
  };
  auto is_true = [](const std::string* said) { return said != nullptr && *said == "true"; };
  switch (wanted.what) {
  case kind::functions: return false;
  case kind::extension: {
    const auto* version = value("extension");
    return version != nullptr && is_at_least(*version, wanted.value);
  }
  case kind::setting: {
    const auto* setting = value("setting");
    return setting != nullptr && (*setting == wanted.value) != wanted.unequal;
  }
  case kind::role: return is_true(value("role"));
  case kind::select: return is_true(value("select"));
  case kind::execute: return is_true(value("execute"));
  }
  return false;
}

std::string found_facts::with_schemas(std::string_view sql) const {
  return fill_blanks(sql, "{schema ", [&](std::string_view extension) {
    auto schema = values_.find({"schema", std::string{extension}});
    return schema == values_.end() ? std::string{"pg_catalog"} : schema->second;
  });
}

} // namespace pgstatsmon
