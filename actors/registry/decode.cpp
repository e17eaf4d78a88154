// Decoding rows: every cell is looked at once, every label text is rendered once.
#include "actors/registry/decode.hpp"

#include "actors/registry/cell_values.hpp"
#include "actors/registry/escape.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

namespace pgstatsmon {

namespace {

/// The rows of a section by the hash of their labels: open addressing, never more than half full.
class row_index {
public:
  explicit row_index(size_t rows)
    : slots_(std::bit_ceil(std::max<size_t>(rows, 4) * 2)), mask_{slots_.size() - 1} {}

  /// The row of `to` with these labels. If it has none: the row that it will get next, which is
  /// remembered.
  size_t find_or_add(const section& to, std::string_view labels) {
    auto hash = std::hash<std::string_view>{}(labels);
    auto tag = static_cast<uint32_t>(hash >> 32U);
    auto i = hash & mask_;
    for (; slots_[i].row != 0; i = (i + 1) & mask_)
      if (slots_[i].tag == tag && to.labels(slots_[i].row - 1) == labels)
        return slots_[i].row - 1;
    slots_[i] = {tag, static_cast<uint32_t>(to.rows() + 1)};
    return to.rows();
  }

private:
  struct slot {
    uint32_t tag = 0;
    uint32_t row = 0; // from 1; 0 is free
  };

  std::vector<slot> slots_;
  size_t mask_;
};

std::string_view cell(const PGresult& rows, int row, int column) noexcept {
  return {PQgetvalue(&rows, row, column), static_cast<size_t>(PQgetlength(&rows, row, column))};
}

int find_column(const column_map& columns, const std::string& name) {
  auto i = std::find(columns.columns.begin(), columns.columns.end(), name);
  return i == columns.columns.end() ? -1 : static_cast<int>(i - columns.columns.begin());
}

/// `name="` of each label, with the comma in front of all but what comes first.
std::vector<std::string> label_openings(const query_definition& query, std::string_view fixed) {
  std::vector<std::string> result;
  for (const auto& name : query.labels)
    result.push_back((result.empty() && fixed.empty() ? "" : ",") + name + "=\"");
  return result;
}

/// Label text of all rows if nothing needs escaping.
size_t plain_label_bytes(const std::vector<std::string>& openings, const column_map& columns,
                         const PGresult& rows) {
  auto count = PQntuples(&rows);
  size_t result = 0;
  for (size_t i = 0; i < openings.size(); ++i) {
    result += static_cast<size_t>(count) * (openings[i].size() + 1);
    if (columns.labels[i] >= 0)
      for (int row = 0; row < count; ++row)
        result += static_cast<size_t>(PQgetlength(&rows, row, columns.labels[i]));
  }
  return result;
}

void render_row(std::string& to, std::string_view fixed, const std::vector<std::string>& openings,
                const column_map& columns, const PGresult& rows, int row) {
  to = fixed;
  for (size_t i = 0; i < openings.size(); ++i) {
    to += openings[i];
    if (columns.labels[i] >= 0)
      append_label_value(to, cell(rows, row, columns.labels[i]));
    to += '"';
  }
}

/// What a sample is when another row with the same labels has the value `other`.
double combined(double sample, double other, duplicate_rule rule) noexcept {
  if (is_absent(sample))
    return other;
  switch (rule) {
  case duplicate_rule::first: return sample;
  case duplicate_rule::min: return std::min(sample, other);
  case duplicate_rule::max: return std::max(sample, other);
  case duplicate_rule::sum: break;
  }
  auto sum = sample + other; // of both infinities it is no number
  return std::isnan(sum) ? absent_sample() : sum;
}

/// Where one row of a result goes.
struct row_target {
  section* to = nullptr;
  size_t at = 0;      ///< Row of the section.
  bool again = false; ///< Another row with the same labels is in there.
  const query_definition* query = nullptr;

  void set(size_t metric, double x) const {
    to->set(at, metric, combined(to->value(at, metric), x, query->metrics[metric].duplicates));
  }
};

/// The samples of one histogram, from the first on.
/// @returns false if the text is no array of numbers.
bool decode_histogram(const row_target& to, size_t first, std::string_view text) {
  auto values = parse_numbers(text);
  if (!values)
    return false;
  const auto& metrics = to.query->metrics;
  for (auto i = first; i < metrics.size() && (i == first || !metrics[i].leads); ++i)
    switch (metrics[i].source) {
    case sample_source::bucket:
      to.set(i, static_cast<double>(
                  std::ranges::count_if(*values, [&](double x) { return x <= metrics[i].bound; })));
      break;
    case sample_source::sum: to.set(i, std::accumulate(values->begin(), values->end(), 0.0)); break;
    case sample_source::count: to.set(i, static_cast<double>(values->size())); break;
    default: break;
    }
  return true;
}

/// @returns false if the text is none that the metric can be made of.
bool decode_cell(const row_target& to, size_t metric, std::string_view text) {
  const auto& how = to.query->metrics[metric];
  double value = 0;
  switch (how.source) {
  case sample_source::number:
    if (!parse_number(text, value))
      return false;
    to.set(metric, how.scale == 1 ? value : value * how.scale);
    return true;
  case sample_source::state: to.set(metric, text == how.state ? 1 : 0); return true;
  case sample_source::bucket: return !how.leads || decode_histogram(to, metric, text);
  default: return true; // a histogram's, or a row's
  }
}

void decode_values(const row_target& to, const column_map& columns, const PGresult& rows, int row,
                   decode_report& report) {
  for (size_t i = 0; i < columns.metrics.size(); ++i) {
    if (to.query->metrics[i].source == sample_source::row)
      to.set(i, 1);
    auto column = columns.metrics[i];
    if (to.again && to.query->metrics[i].duplicates == duplicate_rule::first)
      continue;
    if (column < 0 || PQgetisnull(&rows, row, column) != 0)
      continue;
    if (!decode_cell(to, i, cell(rows, row, column)))
      ++report.not_a_number[i];
  }
}

} // namespace

column_map map_columns(const query_definition& query, const PGresult& rows) {
  column_map result;
  for (int i = 0; i < PQnfields(&rows); ++i)
    result.columns.emplace_back(PQfname(&rows, i));
  auto declared = std::vector<bool>(result.columns.size());
  auto find = [&](const std::string& name, const std::string& also, bool may_lack) {
    auto i = find_column(result, name);
    if (i < 0 && !also.empty())
      i = find_column(result, also);
    if (i >= 0)
      declared[static_cast<size_t>(i)] = true;
    else if (!may_lack)
      result.missing.push_back(name);
    return i;
  };
  for (const auto& name : query.labels)
    result.labels.push_back(find(name, {}, false));
  for (const auto& metric : query.metrics)
    result.metrics.push_back(
      metric.leads && metric.source != sample_source::row
        ? find(metric.column, metric.also, metric.from > 0 || metric.until > 0)
        : find_column(result, metric.column));
  if (query.kind == backend_kind::pgbouncer)
    return result;
  for (size_t i = 0; i < declared.size(); ++i)
    if (!declared[i])
      result.unknown.push_back(result.columns[i]);
  return result;
}

bool fits(const column_map& columns, const PGresult& rows) {
  if (std::cmp_not_equal(columns.columns.size(), PQnfields(&rows)))
    return false;
  for (int i = 0; const auto& name : columns.columns)
    if (name != PQfname(&rows, i++))
      return false;
  return true;
}

section decode(const query_definition& query, std::string_view fixed, const column_map& columns,
               const PGresult& rows, decode_report& report) {
  auto count = PQntuples(&rows);
  section result{query.metrics.size()};
  report.not_a_number.resize(query.metrics.size());
  auto openings = label_openings(query, fixed);
  auto label_bytes =
    plain_label_bytes(openings, columns, rows) + static_cast<size_t>(count) * fixed.size();
  result.reserve(static_cast<size_t>(count), label_bytes);
  row_index index{static_cast<size_t>(count)};
  auto leaves_out = std::ranges::any_of(
    query.metrics, [](const auto& x) { return x.duplicates == duplicate_rule::first; });
  std::string labels;
  for (int row = 0; row < count; ++row) {
    render_row(labels, fixed, openings, columns, rows, row);
    if (labels.size() > std::numeric_limits<uint32_t>::max() - result.label_bytes())
      break; // a section can't hold more
    auto at = index.find_or_add(result, labels);
    auto again = at < result.rows();
    if (!again)
      result.add_row(labels);
    else if (leaves_out)
      ++report.duplicates;
    decode_values({&result, at, again, &query}, columns, rows, row, report);
  }
  if (result.rows() < static_cast<size_t>(count) || result.label_bytes() > label_bytes)
    result.shrink();
  return result;
}

} // namespace pgstatsmon
