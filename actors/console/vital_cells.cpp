// Few digits, units of one letter, blocks of eight heights.
#include "actors/console/vital_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pgstatsmon {

namespace {

constexpr double minute = 60;
constexpr double hour = 60 * minute;
constexpr double day = 24 * hour;

/// Two digits, or all that stand before the point.
std::string digits(double x) {
  return x < 9.95 && x != std::floor(x) ? fmt::format("{:.1f}", x) : fmt::format("{:.0f}", x);
}

std::string seconds_text(double x) {
  if (x < 0.05)
    return "0";
  if (x < 99.5)
    return digits(x) + 's';
  if (x < 99.5 * minute)
    return fmt::format("{:.0f}m", x / minute);
  if (x < 48 * hour)
    return fmt::format("{:.0f}h", x / hour);
  return fmt::format("{:.0f}d", x / day);
}

} // namespace

nlohmann::ordered_json json_number(double x) {
  if (!std::isfinite(x))
    return nullptr;
  auto text = fmt::format("{:.6g}", x);
  double rounded = 0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

cell short_number(double x) {
  constexpr std::array<std::string_view, 6> units{"", "k", "M", "G", "T", "P"};
  if (std::isnan(x))
    return none();
  auto json = json_number(x);
  if (x > 0 && x < 0.05)
    return {"<0.1", std::move(json)};
  size_t unit = 0;
  for (; x >= 999.5 && unit + 1 < units.size(); ++unit)
    x /= 1000;
  auto text = unit > 0 && x < 9.95 ? fmt::format("{:.1f}", x) : digits(x);
  return {fmt::format("{}{}", text, units[unit]), std::move(json)};
}

cell short_seconds(double x) {
  if (std::isnan(x))
    return none();
  return {seconds_text(x), json_number(x)};
}

cell short_poll(caf::timespan x) {
  constexpr double milliseconds = 1000;
  auto seconds = static_cast<double>(x.count()) / 1e9;
  auto text = seconds < 0.9995 ? digits(seconds * milliseconds) + "ms" : seconds_text(seconds);
  return {std::move(text), seconds};
}

cell vital_cell(vital_unit unit, double x) {
  constexpr double longest = 9e9; // seconds, that a timespan holds
  constexpr double largest = 9e15;
  constexpr double many = 1e6; // more digits than can be compared
  if (std::isnan(x))
    return none();
  auto json = json_number(x);
  if (x < 0)
    return {fmt::format("{:.2g}", x), std::move(json)};
  switch (unit) {
  case vital_unit::seconds:
    if (x < longest)
      return {x == 0 ? "0 s" : span(caf::timespan{static_cast<int64_t>(x * 1e9)}).text,
              std::move(json)};
    break;
  case vital_unit::bytes:
    if (x < largest)
      return {size(static_cast<uint64_t>(x)).text, std::move(json)};
    break;
  case vital_unit::number:
    if (x >= many)
      return {short_number(x).text, std::move(json)};
    if (x >= 9.95 || x == std::floor(x))
      return {count(static_cast<uint64_t>(std::llround(x))).text, std::move(json)};
  }
  return {fmt::format("{:.2g}", x), std::move(json)};
}

std::string sparkline(const std::vector<double>& values) {
  constexpr std::array<std::string_view, 8> heights{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double most = 0;
  for (auto x : values)
    if (x > most)
      most = x;
  std::string result;
  for (auto x : values) {
    if (std::isnan(x)) {
      result += ' ';
      continue;
    }
    // The lowest is 0 alone.
    auto part = x > 0 && most > 0 ? x / most : 0;
    auto height = part > 0 ? 1 + static_cast<size_t>(part * (heights.size() - 2) + 0.5) : 0;
    result += heights[std::min(height, heights.size() - 1)];
  }
  return result;
}

} // namespace pgstatsmon
