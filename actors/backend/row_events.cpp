// Comparing answers by hashes: what is kept of a row is its key.
#include "actors/backend/row_events.hpp"

#include "actors/row_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace pgstatsmon {

namespace {

using json = nlohmann::ordered_json;

/// Of a value, in a sentence.
constexpr size_t max_word = 100;

/// Columns of a result by name. One that is not there is none of them: the definition is at fault,
/// which --lint says.
std::vector<int> columns_of(const std::vector<std::string>& names, const PGresult& rows) {
  std::vector<int> result;
  for (const auto& name : names)
    for (int column = 0; column < PQnfields(&rows); ++column)
      if (PQfname(&rows, column) == name)
        result.push_back(column);
  return result;
}

/// The values of a key, for people.
std::string words_of(std::string_view key) {
  std::string result;
  for (const auto& value : json::parse(key, nullptr, false)) {
    auto word = value.is_string() ? value.get<std::string>() : value.dump();
    if (word.size() > max_word)
      word = word.substr(0, max_word) + "...";
    result += (result.empty() ? "" : " ") + word;
  }
  return result.empty() ? "a row" : result;
}

/// A key with its columns' names. A result that lacks one of them has no names.
std::string object_of(std::string_view key, const std::vector<std::string>& names) {
  auto values = json::parse(key, nullptr, false);
  auto result = json::object();
  for (size_t i = 0; i < names.size() && values.size() == names.size(); ++i)
    result[names[i]] = values[i];
  return result.dump();
}

/// Makes the events of one answer, up to the limit.
class teller {
public:
  teller(const query_definition& of, const PGresult& rows) : of_{of}, rows_{rows} {}

  void tell(log_event event, std::string_view verb, std::string_view key, std::optional<int> row) {
    if (told_.events.size() == row_events_memory::max_told) {
      ++told_.more;
      return;
    }
    auto sentence = fmt::format("{}: {}{}", of_.name, words_of(key), verb);
    told_.events.push_back({event, std::move(sentence), details(key, row)});
  }

  told_rows end() && { return std::move(told_); }

private:
  std::string details(std::string_view key, std::optional<int> row) const {
    constexpr auto most = row_events_memory::max_row_bytes;
    auto known = object_of(key, of_.events->key);
    auto text = row ? row_json(rows_, *row) : known;
    if (text.size() <= most)
      return fmt::format(R"(,"row":{})", text);
    return fmt::format(R"(,"row":{},"cut":true)", known.size() <= most ? known : "{}");
  }

  const query_definition& of_;
  const PGresult& rows_;
  told_rows told_;
};

told_rows tell_each(const query_definition& of, const PGresult& rows) {
  teller result{of, rows};
  auto key = columns_of(of.events->key, rows);
  for (int row = 0; row < PQntuples(&rows); ++row)
    result.tell(log_event::row_seen, "", values_json(rows, row, key), row);
  return std::move(result).end();
}

/// Both are in the order of their keys.
told_rows compare(const query_definition& of, const PGresult& rows, const hashed_rows& before,
                  const hashed_rows& now) {
  teller result{of, rows};
  auto old = before.entries().begin();
  auto old_end = before.entries().end();
  auto tell_gone = [&](auto is_gone) {
    for (; old != old_end && is_gone(before.key_of(*old)); ++old)
      result.tell(log_event::row_removed, " is gone", before.key_of(*old), std::nullopt);
  };
  for (const auto& x : now.entries()) {
    auto key = now.key_of(x);
    tell_gone([&](std::string_view other) { return other < key; });
    if (old == old_end || before.key_of(*old) != key)
      result.tell(log_event::row_added, " is new", key, x.row);
    else if (old++->hash != x.hash)
      result.tell(log_event::row_changed, " has changed", key, x.row);
  }
  tell_gone([](std::string_view) { return true; });
  return std::move(result).end();
}

} // namespace

hashed_rows::hashed_rows(const PGresult& rows, const std::vector<int>& key) {
  std::vector<std::pair<std::string, int>> found;
  for (int row = 0; row < PQntuples(&rows); ++row)
    found.emplace_back(values_json(rows, row, key), row);
  std::ranges::sort(found);
  for (const auto& [text, row] : found) {
    if (entries_.empty() || key_of(entries_.back()) != text) {
      entries_.push_back({.begin = static_cast<uint32_t>(keys_.size()),
                          .size = static_cast<uint32_t>(text.size()),
                          .hash = 0,
                          .row = row});
      keys_ += text;
    }
    // Rows of one key are one, in whatever order they come.
    entries_.back().hash += std::hash<std::string>{}(row_json(rows, row));
  }
  keys_.shrink_to_fit();
  entries_.shrink_to_fit();
}

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
  hashed_rows fresh{rows, columns_of(of.events->key, rows)};
  auto result = known.rows && !other ? compare(of, rows, *known.rows, fresh) : told_rows{};
  known.rows = std::move(fresh);
  return result;
}

} // namespace pgstatsmon
