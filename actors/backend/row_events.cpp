// Comparing answers by hashes: what is kept of a row is its key.
#include "actors/backend/row_events.hpp"

#include "actors/registry/row_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace pgstatsmon {

namespace {

/// Of a value, in a sentence.
constexpr size_t max_word = 100;

/// Columns of a result by name. One that is not there is NULL everywhere: the definition is at
/// fault, which --lint says.
std::vector<int> columns_of(const std::vector<std::string>& names, const PGresult& rows) {
  std::vector<int> result;
  for (const auto& name : names)
    for (int column = 0; column < PQnfields(&rows); ++column)
      if (PQfname(&rows, column) == name)
        result.push_back(column);
  return result;
}

/// The values of a key as it is kept, for people.
std::string words_of(const std::string& key) {
  std::string result;
  for (const auto& value : nlohmann::ordered_json::parse(key, nullptr, false)) {
    auto word = value.is_string() ? value.get<std::string>() : value.dump();
    if (word.size() > max_word)
      word = word.substr(0, max_word) + "...";
    result += (result.empty() ? "" : " ") + word;
  }
  return result.empty() ? "a row" : result;
}

std::string details_of(const std::string& key, const std::string& row) {
  if (row.size() <= row_events_memory::max_row_bytes)
    return fmt::format(R"(,"row":{})", row);
  auto fits = key.size() <= row_events_memory::max_row_bytes;
  return fmt::format(R"(,"row":{},"cut":true)", fits ? key : "{}");
}

row_event describe(log_event event, std::string_view verb, const query_definition& of,
                   const std::string& key, const std::string& row) {
  return {event, fmt::format("{}: {}{}", of.name, words_of(key), verb), details_of(key, row)};
}

/// Adds an event, up to the limit.
/// @param make Makes it.
void add(told_rows& to, const std::function<row_event()>& make) {
  if (to.events.size() < row_events_memory::max_told)
    to.events.push_back(make());
  else
    ++to.more;
}

told_rows tell_each(const query_definition& of, const PGresult& rows) {
  told_rows result;
  auto key = columns_of(of.events->key, rows);
  for (int row = 0; row < PQntuples(&rows); ++row)
    add(result, [&] {
      return describe(log_event::row_seen, "", of, row_json(rows, row, key), row_json(rows, row));
    });
  return result;
}

} // namespace

told_rows row_events_memory::take(size_t query, const query_definition& of,
                                  const std::string& server, const PGresult& rows) {
  if (of.events->when == row_events::occasion::each)
    return tell_each(of, rows);
  auto& known = memories_[query];
  auto other = !server.empty() && !known.server.empty() && server != known.server;
  if (!server.empty())
    known.server = server;
  if (static_cast<size_t>(PQntuples(&rows)) > max_compared) {
    known.rows.reset();
    return {.events = {}, .more = 0, .too_many = !std::exchange(known.too_many, true)};
  }
  known.too_many = false;
  auto fresh = read(of, rows);
  auto result = known.rows && !other ? compare(of, rows, *known.rows, fresh) : told_rows{};
  known.rows = std::move(fresh);
  return result;
}

row_events_memory::answer row_events_memory::read(const query_definition& of,
                                                  const PGresult& rows) {
  answer result;
  auto key = columns_of(of.events->key, rows);
  for (int row = 0; row < PQntuples(&rows); ++row)
    // Rows of one key are one, in whatever order they come.
    result[row_json(rows, row, key)] += std::hash<std::string>{}(row_json(rows, row));
  return result;
}

told_rows row_events_memory::compare(const query_definition& of, const PGresult& rows,
                                     const answer& before, const answer& now) {
  told_rows result;
  auto columns = columns_of(of.events->key, rows);
  std::unordered_set<std::string> told;
  for (int row = 0; row < PQntuples(&rows); ++row) {
    auto key = row_json(rows, row, columns);
    auto old = before.find(key);
    auto changed = old == before.end() || old->second != now.at(key);
    if (!changed || !told.insert(key).second)
      continue;
    auto what = old == before.end() ? log_event::row_added : log_event::row_changed;
    const auto* verb = old == before.end() ? " is new" : " has changed";
    add(result, [&] { return describe(what, verb, of, key, row_json(rows, row)); });
  }
  std::vector<std::string> gone;
  for (const auto& [key, hash] : before)
    if (!now.contains(key))
      gone.push_back(key);
  std::ranges::sort(gone);
  for (const auto& key : gone)
    add(result, [&] { return describe(log_event::row_removed, " is gone", of, key, key); });
  return result;
}

} // namespace pgstatsmon
