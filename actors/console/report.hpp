// An answer of the console: facts and tables, as text for people and as JSON for programs.
#pragma once

#include <caf/timespan.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// One value: what people read, and what JSON has.
struct cell {
  std::string text; ///< One line, without control characters.
  nlohmann::ordered_json json;
};

/// Nothing: `-` and null.
cell none();

/// Text as it is; control characters are escaped in the text form.
cell words(std::string_view x);

/// `yes`, `no`.
cell truth(bool x);

/// 1,234,567.
cell count(uint64_t x);

/// `950 us`, `6.8 ms`, `12.3 s`, `4 min`, `2 h`, `3 d`; JSON has seconds.
cell span(caf::timespan x);

/// A length that somebody chose, exact where it is short to say: `500 ms`, `30 s`, `5 min`, `1 h`;
/// JSON has seconds.
cell chosen(caf::timespan x);

/// `812 B`, `3.4 KiB`, …; JSON has bytes.
cell size(uint64_t x);

/// `12.5 %` of a share between 0 and 1; JSON has the share.
cell share(double x);

/// A named value. The key is JSON's; without a title it stands in JSON only.
struct fact {
  std::string title;
  std::string key;
  cell value;
};

/// How a column of a table is called and aligned.
struct column {
  std::string title;
  std::string key;
  bool right = false; ///< Numbers stand on the right.
  bool shown = true;  ///< False: JSON alone has it.
  int drop = 0;       ///< Above 0: is left out where there is no room, the highest first.
  bool times = false; ///< Cells are span()s, shown in one unit.
};

/// A column of numbers.
inline column number_column(std::string title, std::string key, int drop = 0) {
  return {.title = std::move(title), .key = std::move(key), .right = true, .drop = drop};
}

/// A column of times that people compare with one another.
inline column times_column(std::string title, std::string key, int drop = 0) {
  auto result = number_column(std::move(title), std::move(key), drop);
  result.times = true;
  return result;
}

/// A column of words.
inline column text_column(std::string title, std::string key, int drop = 0) {
  return {.title = std::move(title), .key = std::move(key), .drop = drop};
}

/// Rows of as many cells as there are columns. A cell whose JSON is discarded
/// (`nlohmann::ordered_json::value_t::discarded`) stands in the text only.
struct table {
  std::string
    title;         ///< Heads the text; may be empty. With one, no rows are shown as `title: none`.
  std::string key; ///< JSON's, where the table is one part of several.
  std::vector<column> columns;
  std::vector<std::vector<cell>> rows{};
};

/// Named values of one thing.
struct fact_list {
  std::vector<fact> facts;
};

/// Parts in the order in which they are shown.
using report = std::vector<std::variant<fact_list, table>>;

/// Text for people. Times of a column have one unit (see use_one_unit()). Lines are as long as they
/// are (see fitted()); no trailing white space; ends with a newline.
std::string to_text(const report& x);

/// Columns that a text takes on a terminal, as long as every character takes one.
size_t width_of(std::string_view x) noexcept;

/// Columns that the longest line of a table takes.
size_t text_width(const table& x);

/// A text of at most `width` columns, from 3 on: what is in its middle is left out.
std::string shortened(std::string_view x, size_t width);

/// A report that is one table: a list of objects. Else one object: the facts, and each table as a
/// list under its key.
nlohmann::ordered_json to_json(const report& x);

/// The same as a line.
std::string to_json_text(const report& x);

} // namespace pgstatsmon
