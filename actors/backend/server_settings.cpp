// The SQL, and a comparison of two answers.
#include "actors/backend/server_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace pgstatsmon {

namespace {

constexpr int32_t with_pending_restart = 90500;

constexpr int columns = 6;

// What stays when our own session has another value is its reset_val; where that is our own, too,
// the source says so. What is internal follows from the program, or is an event of its own.
constexpr std::string_view settings_sql = R"(
SELECT s.name, s.hidden::pg_catalog.text,
       CASE WHEN s.hidden THEN pg_catalog.hashtext(s.value)::pg_catalog.text
            ELSE pg_catalog.left(s.value, {0}) END AS value,
       CASE WHEN s.hidden THEN pg_catalog.hashtext(s.boot)::pg_catalog.text
            ELSE pg_catalog.left(s.boot, {0}) END AS boot,
       s.unit, s.pending::pg_catalog.text
  FROM (SELECT g.name, coalesce(g.reset_val, '') AS value, coalesce(g.boot_val, '') AS boot,
               coalesce(g.unit, '') AS unit, {1} AS pending,
               g.vartype = 'string'
                 AND g.name ~ '[.]|command|conninfo|pass|secret|key|token|credential' AS hidden
          FROM pg_catalog.pg_settings g
         WHERE g.context <> 'internal'
           AND g.source NOT IN ('client', 'user', 'database', 'database user')
           AND g.name NOT IN ('transaction_isolation', 'transaction_read_only',
                              'transaction_deferrable', 'application_name')
         ORDER BY g.name
         LIMIT {2}) s)";

std::string_view field(const PGresult& rows, int row, int column) {
  return {PQgetvalue(&rows, row, column), static_cast<size_t>(PQgetlength(&rows, row, column))};
}

/// One setting of an answer.
struct setting_row {
  std::string_view name;
  bool hidden;
  std::string_view value;
  std::string_view boot;
  std::string_view unit;
  bool pending;
};

setting_row read_row(const PGresult& rows, int row) {
  return {field(rows, row, 0), field(rows, row, 1) == "true", field(rows, row, 2),
          field(rows, row, 3), field(rows, row, 4),           field(rows, row, 5) == "true"};
}

/// A line of what is kept. No name has a NUL, nor has a value.
std::string line_of(const setting_row& x) {
  std::string result{x.name};
  result += '\0';
  result += x.value;
  result += '\0';
  result += x.pending ? '1' : '0';
  return result;
}

struct kept_setting {
  std::string_view value;
  bool pending = false;
};

std::map<std::string_view, kept_setting> read_kept(std::string_view text) {
  std::map<std::string_view, kept_setting> result;
  auto take = [&] {
    auto end = text.find('\0');
    auto word = text.substr(0, end);
    text.remove_prefix(end + 1);
    return word;
  };
  while (!text.empty()) {
    auto name = take();
    auto value = take();
    result[name] = {value, text.starts_with('1')};
    text.remove_prefix(1);
  }
  return result;
}

} // namespace

std::string loaded_query() {
  return fmt::format("SELECT '{}', '', pg_catalog.concat_ws(' ',"
                     " pg_catalog.pg_postmaster_start_time(), pg_catalog.pg_conf_load_time())",
                     loaded_row);
}

std::string loaded_at(const PGresult& rows) {
  for (int i = 0; PQnfields(&rows) == 3 && i < PQntuples(&rows); ++i)
    if (field(rows, i, 0) == loaded_row)
      return std::string{field(rows, i, 2)};
  return {};
}

std::string settings_query(int32_t server_version) {
  return fmt::format(settings_sql, server_settings::max_value,
                     server_version < with_pending_restart ? "false" : "g.pending_restart",
                     server_settings::max_settings);
}

std::vector<setting_change> server_settings::learn(const std::string& server,
                                                   const PGresult& rows) {
  std::vector<setting_change> result;
  if (PQnfields(&rows) != columns)
    return result;
  auto comparable = known_ && server == server_;
  auto before = read_kept(set_);
  std::string now;
  for (int i = 0; i < std::min(PQntuples(&rows), max_settings); ++i) {
    auto row = read_row(rows, i);
    row.value = row.value.substr(0, max_value);
    if (row.value != row.boot || row.pending)
      now += line_of(row);
    if (!comparable)
      continue;
    auto old = before.find(row.name);
    auto was = old == before.end() ? kept_setting{row.boot} : old->second;
    auto text = [&](std::string_view x) {
      return row.hidden ? std::string{} : with_unit(x, row.unit);
    };
    if (was.value != row.value)
      result.push_back({.name = std::string{row.name},
                        .hidden = row.hidden,
                        .from = text(was.value),
                        .to = text(row.value)});
    else if (row.pending && !was.pending)
      result.push_back({.name = std::string{row.name},
                        .hidden = row.hidden,
                        .pending = true,
                        .from = text(row.value),
                        .to = {}});
  }
  set_ = std::move(now);
  set_.shrink_to_fit();
  server_ = server;
  known_ = true;
  return result;
}

std::string with_unit(std::string_view value, std::string_view unit) {
  auto name = unit.find_first_not_of("0123456789");
  int64_t number = 0;
  int64_t times = 1;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  // -1 and 0 mean something of their own.
  auto whole = error == std::errc{} && end == value.data() + value.size();
  if (name == std::string_view::npos || (whole && number <= 0))
    return std::string{value};
  if (!whole) // a fraction, whose unit is one
    return fmt::format("{}{}", value, unit);
  if (name > 0)
    std::from_chars(unit.data(), unit.data() + name, times);
  return fmt::format("{}{}", number * times, unit.substr(name));
}

} // namespace pgstatsmon
