// `plan NAME`: what each query of the catalogue is to a backend: asked how often, or why not.
#include "actors/console/reports.hpp"
#include "actors/registry/families.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

constexpr size_t sql_width = 40;
constexpr size_t asked_column = 2;

/// `from 10.0`, `9.4.0 to before 10.0, primary`.
std::string servers_of(const sql_variant& x) {
  std::string result = x.from > 0 ? "from " + version_text(x.from) : "any version";
  if (x.until > 0)
    result += " to before " + version_text(x.until);
  if (x.role != server_role::unknown)
    result += fmt::format(", {}", to_string_view(x.role));
  for (const auto& need : x.needs)
    result += ", with " + to_string(need);
  return result;
}

cell occasion_of(const query_definition& query) {
  if (query.every.count() == 0)
    return {.text = "each poll", .json = 0};
  auto result = chosen(query.every);
  result.text = "every " + result.text;
  return result;
}

cell stretch_of(uint32_t times) {
  return {.text = fmt::format("{} times", times), .json = times};
}

cell left_out_of(const std::string& why, const std::string& elsewhere) {
  if (!why.empty())
    return words(why);
  return elsewhere.empty() ? none() : words("in other databases: " + elsewhere);
}

cell sql_of(const sql_variant& variant, bool whole) {
  auto result = words(variant.sql);
  if (!whole)
    result.text = variant.sql.substr(0, variant.sql.find('\n')).substr(0, sql_width) + " ...";
  return result;
}

} // namespace

table plan_table(const entry& of, bool sql) {
  table result{"plan",
               "plan",
               {{"query", "query"},
                text_column("set", "set", 3),
                {"asked", "every_seconds"},
                {"less often", "stretch"},
                text_column("SQL for", "sql_for", 1),
                text_column("SQL", "sql", 2),
                {"left out", "left_out"}}};
  auto plan = of.metrics->history.plan();
  const auto& queries = of.metrics->queries()->queries();
  if (plan == nullptr || plan->size() != queries.size())
    return result;
  for (size_t i = 0; i < queries.size(); ++i) {
    const auto& [variant, why, elsewhere, stretch] = (*plan)[i];
    const auto& query = queries[i];
    if (query.kind != of.value.kind)
      continue;
    auto asked = why.empty() && variant;
    result.rows.push_back({words(query.name), words(query.set), asked ? occasion_of(query) : none(),
                           asked && stretch > 1 ? stretch_of(stretch) : none(),
                           asked ? words(servers_of(query.variants[*variant])) : none(),
                           asked ? sql_of(query.variants[*variant], sql) : none(),
                           left_out_of(why, elsewhere)});
  }
  return result;
}

report plan_report(const entry& of, bool sql) {
  return {plan_table(of, sql)};
}

void leave_out_what_is_not_asked(report& x) {
  auto is_left_out = [](const std::vector<cell>& row) { return row[asked_column].json.is_null(); };
  for (auto& part : x) {
    auto* plan = std::get_if<table>(&part);
    if (plan == nullptr || plan->key != "plan")
      continue;
    auto left_out = std::erase_if(plan->rows, is_left_out);
    plan->columns.pop_back();
    for (auto& row : plan->rows)
      row.pop_back();
    if (left_out > 0)
      plan->title += fmt::format(" ({} queries are left out: plan NAME says why)", left_out);
  }
}

} // namespace pgstatsmon
