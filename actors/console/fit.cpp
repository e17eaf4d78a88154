// Shortens, leaves out, goes on in the next line.
#include "actors/console/fit.hpp"

#include "actors/console/one_unit.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace pgstatsmon {

namespace {

constexpr size_t gap = 2;

/// What a last column has at least, to be read in several lines.
constexpr size_t least_column = 16;

/// A name keeps so much while columns can be left out, and so much in the end.
constexpr size_t good_name = 24;
constexpr size_t least_name = 8;

/// The number of bytes of the first `n` characters.
size_t bytes_of(std::string_view x, size_t n) noexcept {
  size_t i = 0;
  for (; i < x.size(); ++i)
    if ((static_cast<unsigned char>(x[i]) & 0xc0U) != 0x80U && n-- == 0)
      break;
  return i;
}

size_t width_of_column(const table& x, size_t number) {
  auto result = width_of(x.columns[number].title);
  for (const auto& row : x.rows)
    result = std::max(result, width_of(row[number].text));
  return result;
}

/// Shortens a column of words, to `least` at most, where that makes room.
void shorten(table& x, size_t number, size_t width, size_t least) {
  auto whole = text_width(x);
  if (whole <= width || x.columns[number].right || !x.columns[number].shown)
    return;
  auto longest = width_of_column(x, number);
  auto room = std::max(longest - std::min(longest, whole - width), least);
  for (auto& row : x.rows)
    row[number].text = shortened(row[number].text, room);
}

/// The same of the first column.
void shorten_names(table& x, size_t width, size_t least) {
  if (!x.columns.empty())
    shorten(x, 0, width, least);
}

/// Of what is still too wide the widest columns get shorter.
void shorten_all(table& x, size_t width) {
  std::vector<size_t> order(x.columns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::ranges::greater{}, [&](size_t i) { return width_of_column(x, i); });
  for (auto i : order)
    shorten(x, i, width, least_name);
}

void drop_columns(table& x, size_t width) {
  while (text_width(x) > width) {
    column* next = nullptr;
    for (auto& y : x.columns)
      if (y.shown && y.drop > 0 && (next == nullptr || y.drop > next->drop))
        next = &y;
    if (next == nullptr)
      return;
    next->shown = false;
  }
}

/// The last column goes on below itself, or is cut where there is no room for that.
void wrap_last(table& x, size_t width) {
  if (text_width(x) <= width)
    return;
  auto last = x.columns.size();
  while (last > 0 && !x.columns[last - 1].shown)
    --last;
  if (last-- == 0)
    return;
  if (x.columns[last].right)
    return;
  auto longest = width_of_column(x, last);
  x.columns[last].shown = false;
  shorten_names(x, width - std::min(width, std::min(longest, least_column) + gap), least_name);
  auto before = text_width(x);
  x.columns[last].shown = true;
  auto room = width - std::min(width, before + (before > 0 ? gap : 0));
  if (room < std::min(longest, least_column))
    return;
  std::vector<std::vector<cell>> rows;
  for (auto& row : x.rows) {
    auto lines = wrapped(row[last].text, room);
    row[last].text = lines.front();
    rows.push_back(std::move(row));
    for (size_t i = 1; i < lines.size(); ++i) {
      rows.emplace_back(x.columns.size());
      rows.back()[last].text = lines[i];
    }
  }
  x.rows = std::move(rows);
}

void fit(table& x, size_t width) {
  use_one_unit(x);
  shorten_names(x, width, good_name);
  drop_columns(x, width);
  wrap_last(x, width);
  shorten_all(x, width);
}

void fit(fact_list& x, size_t width) {
  size_t titles = 0;
  for (const auto& y : x.facts)
    titles = std::max(titles, width_of(y.title));
  auto room = std::max(width - std::min(width, titles + gap), least_column);
  std::vector<fact> facts;
  for (auto& y : x.facts) {
    auto lines = wrapped(y.value.text, room);
    y.value.text = lines.front();
    auto shown = !y.title.empty();
    facts.push_back(std::move(y));
    for (size_t i = 1; shown && i < lines.size(); ++i)
      facts.push_back({" ", {}, {lines[i], nullptr}});
  }
  x.facts = std::move(facts);
}

} // namespace

report fitted(report x, size_t width) {
  width = std::max(width, least_screen_width);
  for (auto& part : x)
    std::visit([&](auto& y) { fit(y, width); }, part);
  return x;
}

std::vector<std::string> wrapped(std::string_view x, size_t width) {
  std::vector<std::string> result;
  while (width_of(x) > width) {
    auto room = bytes_of(x, width);
    // The blank may be the first character that has no room.
    auto blank = x.substr(0, room + 1).find_last_of(' ');
    auto end = blank == std::string_view::npos || x.find_first_not_of(' ') > blank ? room : blank;
    result.emplace_back(x.substr(0, end));
    x.remove_prefix(std::min(x.find_first_not_of(' ', end), x.size()));
  }
  if (!x.empty() || result.empty())
    result.emplace_back(x);
  return result;
}

} // namespace pgstatsmon
