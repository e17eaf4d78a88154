// From values to aligned text and to JSON.
#include "actors/console/report.hpp"

#include "actors/console/one_unit.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pgstatsmon {

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view gap = "  ";

bool begins_character(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

void append_padded(std::string& to, std::string_view x, size_t width, bool right) {
  auto padding = std::string(width - std::min(width, width_of(x)), ' ');
  to += right ? padding : std::string{x};
  to += right ? std::string{x} : padding;
}

void end_line(std::string& to) {
  to.erase(to.find_last_not_of(' ') + 1);
  to += '\n';
}

void append(std::string& to, const fact_list& x) {
  size_t width = 0;
  for (const auto& y : x.facts)
    width = std::max(width, width_of(y.title));
  for (const auto& y : x.facts) {
    if (y.title.empty())
      continue;
    append_padded(to, y.title, width, false);
    to += gap;
    to += y.value.text;
    end_line(to);
  }
}

/// Of each column.
std::vector<size_t> widths_of(const table& x) {
  std::vector<size_t> result;
  for (size_t i = 0; i < x.columns.size(); ++i) {
    auto width = width_of(x.columns[i].title);
    for (const auto& row : x.rows)
      width = std::max(width, width_of(row[i].text));
    result.push_back(width);
  }
  return result;
}

void append(std::string& to, table x) {
  use_one_unit(x);
  if (!x.title.empty() && x.rows.empty()) {
    to += x.title + ": none\n";
    return;
  }
  if (!x.title.empty())
    to += x.title + '\n';
  auto widths = widths_of(x);
  auto append_row = [&](const auto& text_of) {
    auto first = true;
    for (size_t i = 0; i < widths.size(); ++i) {
      if (!x.columns[i].shown)
        continue;
      to += std::exchange(first, false) ? std::string_view{} : gap;
      append_padded(to, text_of(i), widths[i], x.columns[i].right);
    }
    end_line(to);
  };
  append_row([&](size_t i) { return std::string_view{x.columns[i].title}; });
  for (const auto& row : x.rows)
    append_row([&](size_t i) { return std::string_view{row[i].text}; });
}

json json_of(const table& x) {
  auto result = json::array();
  for (const auto& row : x.rows) {
    auto object = json::object();
    for (size_t i = 0; i < x.columns.size(); ++i)
      if (!row[i].json.is_discarded())
        object[x.columns[i].key] = row[i].json;
    result.push_back(std::move(object));
  }
  return result;
}

std::string span_text(caf::timespan x) {
  auto seconds = static_cast<double>(x.count()) / 1e9;
  if (seconds < 0.000'999'5)
    return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.999'95)
    return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 119.95)
    return fmt::format("{:.1f} s", seconds);
  if (seconds < 7200)
    return fmt::format("{:.0f} min", std::floor(seconds / 60));
  if (seconds < 172'800)
    return fmt::format("{:.0f} h", std::floor(seconds / 3600));
  return fmt::format("{:.0f} d", std::floor(seconds / 86'400));
}

} // namespace

cell none() {
  return {.text = "-", .json = nullptr};
}

cell words(std::string_view x) {
  if (x.empty())
    return none();
  return {one_line(x), x};
}

cell truth(bool x) {
  return {x ? "yes" : "no", x};
}

cell count(uint64_t x) {
  auto digits = std::to_string(x);
  for (auto i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<size_t>(i), 1, ',');
  return {std::move(digits), x};
}

cell span(caf::timespan x) {
  return {span_text(x), static_cast<double>(x.count()) / 1e9};
}

cell chosen(caf::timespan x) {
  constexpr std::array<std::pair<int64_t, std::string_view>, 4> units{
    {{3'600'000, "h"}, {60'000, "min"}, {1000, "s"}, {1, "ms"}}};
  auto result = span(x);
  auto milliseconds = x.count() / 1'000'000;
  if (milliseconds > 0 && x.count() % 1'000'000 == 0)
    for (auto [unit, name] : units)
      if (milliseconds % unit == 0 && milliseconds / unit < 1000) {
        result.text = fmt::format("{} {}", milliseconds / unit, name);
        break;
      }
  return result;
}

cell size(uint64_t x) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (x < 1024)
    return {fmt::format("{} B", x), x};
  auto value = static_cast<double>(x) / 1024;
  size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return {fmt::format("{:.1f} {}", value, units[unit]), x};
}

cell share(double x) {
  return {fmt::format("{:.1f} %", x * 100), x};
}

size_t width_of(std::string_view x) noexcept {
  return static_cast<size_t>(std::ranges::count_if(x, begins_character));
}

size_t text_width(const table& x) {
  auto widths = widths_of(x);
  size_t result = 0;
  for (size_t i = 0; i < widths.size(); ++i)
    if (x.columns[i].shown)
      result += widths[i] + (result == 0 ? 0 : gap.size());
  return result;
}

std::string shortened(std::string_view x, size_t width) {
  constexpr std::string_view ellipsis = "…";
  auto whole = width_of(x);
  if (whole <= width)
    return std::string{x};
  auto front = width / 2;
  auto back = whole - (width - front - 1); // the first that is kept again
  std::string result;
  size_t number = 0; // of the next character
  for (auto c : x) {
    if (begins_character(c) && number++ == front)
      result += ellipsis;
    if (number <= front || number > back)
      result += c;
  }
  return result;
}

std::string to_text(const report& x) {
  std::string result;
  for (const auto& part : x) {
    if (!result.empty())
      result += '\n';
    std::visit([&](const auto& y) { append(result, y); }, part);
  }
  return result;
}

json to_json(const report& x) {
  if (x.size() == 1 && std::holds_alternative<table>(x.front()))
    return json_of(std::get<table>(x.front()));
  auto result = json::object();
  for (const auto& part : x)
    if (const auto* rows = std::get_if<table>(&part))
      result[rows->key] = json_of(*rows);
    else
      for (const auto& y : std::get<fact_list>(part).facts)
        result[y.key] = y.value.json;
  return result;
}

std::string to_json_text(const report& x) {
  return to_json(x).dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace pgstatsmon
