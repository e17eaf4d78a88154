// `statements NAME`: the rows of queries that have texts, with them.
#include "actors/console/reports.hpp"
#include "actors/registry/escape.hpp"
#include "actors/registry/row_texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pgstatsmon {

namespace {

/// Of a text in a table for people.
constexpr size_t text_width = 60;

/// In one line, as long as a screen is wide.
cell text_cell(const std::string& text, bool whole) {
  std::string line;
  for (auto c : text) {
    auto blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank)
      line += c;
    else if (!line.ends_with(' '))
      line += ' ';
  }
  auto result = words(line);
  result.json = text;
  if (!whole && result.text.size() > text_width) {
    auto end = text_width;
    while (end > 0 && (static_cast<unsigned char>(result.text[end]) & 0xC0U) == 0x80U)
      --end;
    result.text = result.text.substr(0, end) + " ...";
  }
  return result;
}

/// Times as times, whole numbers as such.
cell number_cell(const metric_definition& metric, double x) {
  if (is_absent(x))
    return none();
  constexpr double nanosecond = 1e-9;
  constexpr double longest = 9e9; // seconds, that a timespan holds
  if (metric.family.find("_seconds") != std::string::npos && x >= 0 && x < longest)
    return {span(caf::timespan{static_cast<int64_t>(x / nanosecond)}).text, x};
  constexpr double exact = 9e15;
  if (x >= 0 && x < exact && x == std::floor(x))
    return count(static_cast<uint64_t>(x));
  return {fmt::format("{:.6g}", x), x};
}

/// Its numbers that people read: what it is ranked by, and the first that is something else. All of
/// them are in JSON.
std::vector<size_t> chosen_metrics(const query_definition& query, bool all) {
  std::vector<size_t> result(query.metrics.size());
  std::iota(result.begin(), result.end(), size_t{0});
  std::stable_partition(result.begin(), result.end(),
                        [&](size_t x) { return x == query.limit.by; });
  if (!all)
    result.resize(std::min<size_t>(result.size(), 2));
  return result;
}

table rows_of(const query_definition& query, const section& shown, const section* texts,
              bool whole) {
  table result{query.name, query.name, {}, {}};
  for (const auto& x : query.labels)
    result.columns.push_back({x, x});
  auto metrics = chosen_metrics(query, whole);
  for (auto x : metrics)
    result.columns.push_back({query.metrics[x].column, query.metrics[x].column, true});
  result.columns.push_back({"text", "text"});

  auto known = texts_by_labels(texts);
  std::vector<size_t> order(shown.rows());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](size_t row) {
    auto x = shown.value(row, query.limit.by);
    return is_absent(x) ? 0 : x;
  });
  for (auto row : order) {
    auto& cells = result.rows.emplace_back();
    for (const auto& [name, value] : parse_labels(shown.labels(row)))
      cells.push_back(words(value));
    for (auto x : metrics)
      cells.push_back(number_cell(query.metrics[x], shown.value(row, x)));
    auto text = known.find(std::string{shown.labels(row)});
    cells.push_back(text == known.end() ? none() : text_cell(text->second, whole));
  }
  return result;
}

} // namespace

report texts_report(const entry& of, bool whole, const look_time& now) {
  of.metrics->texts.want(now.unix_seconds);
  std::string_view state = "no query that has texts is collected";
  report result{fact_list{}};
  auto newest = of.samples.load(std::memory_order_acquire);
  const auto& queries = of.metrics->queries();
  const auto& all = queries->queries();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].texts.empty() || !of.metrics->query(i).planned || newest == nullptr
        || newest->queries() != queries)
      continue;
    auto texts = of.metrics->query(i).texts.load(std::memory_order_acquire);
    state = texts == nullptr ? "asked for with the next poll" : "here";
    result.emplace_back(rows_of(all[i], newest->of(i), texts.get(), whole));
  }
  result.front() = fact_list{{{"texts", "texts", words(state)}}};
  return result;
}

} // namespace pgstatsmon
