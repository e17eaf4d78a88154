// Reading SQL word by word, without its grammar.
#include "actors/backend/foreign_names.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace pgstatsmon {

namespace {

bool is_of_a_word(char x) {
  return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '_' || x == '$'
         || static_cast<unsigned char>(x) >= 0x80;
}

/// What is left behind the first `end`, or nothing.
std::string_view behind(std::string_view sql, std::string_view end, size_t from) {
  auto at = sql.find(end, from);
  return at == std::string_view::npos ? std::string_view{} : sql.substr(at + end.size());
}

std::string_view without_blanks(std::string_view sql) {
  auto blank = [](unsigned char x) { return std::isspace(x) != 0; };
  auto at = std::ranges::find_if_not(sql, blank);
  return sql.substr(static_cast<size_t>(at - sql.begin()));
}

/// Takes a word, with its quotes if it has some.
std::string_view take_word(std::string_view& sql) {
  size_t size = 0;
  if (sql.front() == '"')
    size = std::min(sql.find('"', 1), sql.size() - 1) + 1;
  else
    while (size < sql.size() && is_of_a_word(sql[size]))
      ++size;
  auto result = sql.substr(0, size);
  sql.remove_prefix(size);
  return result;
}

} // namespace

bool names_what_is_foreign(std::string_view sql) {
  std::set<std::string_view> in_front{};
  std::set<std::string_view> alone{"pg_catalog", "information_schema"};
  while (!sql.empty()) {
    if (sql.front() == '\'') {
      sql = behind(sql, "'", 1);
    } else if (sql.starts_with("--")) {
      sql = behind(sql, "\n", 0);
    } else if (sql.starts_with("/*")) {
      sql = behind(sql, "*/", 0);
    } else if (sql.front() == '"' || is_of_a_word(sql.front())) {
      auto word = take_word(sql);
      sql = without_blanks(sql);
      auto number = std::isdigit(static_cast<unsigned char>(word.front())) != 0;
      if (!number)
        (sql.starts_with('.') ? in_front : alone).insert(word);
    } else {
      sql.remove_prefix(1);
    }
  }
  return !std::ranges::includes(alone, in_front);
}

} // namespace pgstatsmon
