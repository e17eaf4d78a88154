// How a server is and was: the charts of `backend NAME`, and the hour for programs.
#include "actors/console/reports.hpp"
#include "actors/console/vital_cells.hpp"

#include <algorithm>
#include <cmath>

namespace pgstatsmon {

namespace {

/// Characters of a chart, each of so many points, so that a line has 80.
constexpr size_t chart_width = 30;
constexpr size_t points_each = vital_history::length / chart_width;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One number of every point, oldest first.
template <class F>
std::vector<double> column_of(const vital_hour& hour, const F& f) {
  std::vector<double> result;
  result.reserve(hour.points.size());
  std::ranges::transform(hour.points, std::back_inserter(result), f);
  return result;
}

/// The highest that is known, or the lowest.
double extreme(const double* begin, const double* end, bool lowest) {
  auto result = unknown;
  for (; begin != end; ++begin)
    if (!std::isnan(*begin) && (std::isnan(result) || (*begin < result) == lowest))
      result = *begin;
  return result;
}

/// The newest stands on the right.
cell chart_of(const std::vector<double>& points, bool lowest) {
  std::vector<double> values(chart_width, unknown);
  auto end = points.size();
  for (auto i = chart_width; i > 0 && end > 0; --i) {
    auto begin = end - std::min(end, points_each);
    values[i - 1] = extreme(points.data() + begin, points.data() + end, lowest);
    end = begin;
  }
  return {sparkline(values), nlohmann::ordered_json::value_t::discarded};
}

std::string_view unit_name(const vital_sign_definition& x) {
  switch (x.unit) {
  case vital_unit::seconds: return "s";
  case vital_unit::bytes: return x.counter ? "bytes/s" : "bytes";
  case vital_unit::number: break;
  }
  return x.counter ? "1/s" : "1";
}

/// What each column of the points is.
table signs() {
  table result{{}, "signs", {{"sign", "sign"}, {"unit", "unit"}, {"of a point", "of_a_point"}}};
  for (const auto& x : all_vital_signs)
    result.rows.push_back(
      {words(x.name), words(unit_name(x)), words(x.counter ? "mean" : "highest")});
  return result;
}

table points_of(const vital_hour& hour, const look_time& now) {
  table result{{},
               "points",
               {number_column("time", "time"), number_column("up", "up"),
                number_column("poll", "poll_seconds")}};
  for (const auto& x : all_vital_signs)
    result.columns.push_back(number_column(std::string{x.name}, std::string{x.name}));
  auto number = [](double x) {
    return cell{std::isnan(x) ? "-" : std::to_string(x), json_number(x)};
  };
  auto end = now.unix_seconds + std::chrono::duration<double>{hour.end - now.steady}.count();
  for (size_t i = 0; i < hour.points.size(); ++i) {
    const auto& point = hour.points[i];
    auto behind = static_cast<double>(hour.points.size() - i);
    auto begin = std::round(end - behind * vital_history::step.count());
    auto& row = result.rows.emplace_back();
    row.push_back({std::to_string(begin), static_cast<int64_t>(begin)});
    row.push_back(number(point.up));
    row.push_back(number(point.took));
    std::ranges::transform(point.signs.all, std::back_inserter(row), number);
  }
  return result;
}

} // namespace

std::optional<table> vitals_table(const entry& of, const look_time& now) {
  const auto* history = std::as_const(of.metrics->vitals).get();
  if (history == nullptr)
    return std::nullopt;
  table result{"vital signs of the last hour",
               "vital_signs",
               {{"sign", "sign"},
                number_column("now", "now"),
                number_column("most", "most"),
                {"from 0 to the most, each of 2 min", "chart"}}};
  auto newest = vitals_now(of);
  auto hour = history->hour(now.steady);
  for (const auto& x : all_vital_signs) {
    auto points = column_of(hour, [&](const vital_point& y) { return y.signs[x.sign]; });
    auto most = extreme(points.data(), points.data() + points.size(), false);
    if (std::isnan(most) && !newest.has(x.sign))
      continue;
    result.rows.push_back({{std::string{x.title}, x.name},
                           vital_cell(x.unit, newest[x.sign]),
                           vital_cell(x.unit, most),
                           chart_of(points, false)});
  }
  auto up = column_of(hour, [](const vital_point& y) { return y.up; });
  result.rows.push_back({words("up"), truth(of.up()), none(), chart_of(up, true)});
  return result;
}

report history_report(const entry& of, const look_time& now) {
  vital_hour hour;
  if (const auto* history = std::as_const(of.metrics->vitals).get())
    hour = history->hour(now.steady);
  return {fact_list{{{"backend", "backend", words(of.value.name)},
                     {"up", "up", truth(of.up())},
                     {"a point", "point_seconds", span(vital_history::step)}}},
          signs(), points_of(hour, now)};
}

vital_values vitals_now(const entry& of) {
  const auto* history = std::as_const(of.metrics->vitals).get();
  if (history == nullptr || !of.up() || of.samples.load(std::memory_order_acquire) == nullptr)
    return {};
  return history->newest().shown;
}

} // namespace pgstatsmon
