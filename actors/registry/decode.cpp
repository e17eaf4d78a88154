// Decoding rows: every cell is looked at once, every label text is rendered once.
#include "actors/registry/decode.hpp"

#include "actors/registry/escape.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
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

// Eighteen digits fit an int64_t, and the conversion to double rounds as it should.
bool parse_integer(std::string_view text, double& x) noexcept {
  constexpr size_t safe_digits = 18;
  auto negative = text.front() == '-';
  text.remove_prefix(negative ? 1 : 0);
  if (text.empty() || text.size() > safe_digits)
    return false;
  int64_t sum = 0;
  for (char c : text) {
    auto digit = static_cast<unsigned>(c) - '0';
    if (digit > 9)
      return false;
    sum = sum * 10 + digit;
  }
  x = static_cast<double>(negative ? -sum : sum);
  return true;
}

// `text` is not empty and followed by a NUL. NaN is no number here.
bool parse_number(std::string_view text, double& x) noexcept {
  if (parse_integer(text, x))
    return true;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (end != text.data() + text.size())
    return false;
  if (error == std::errc::result_out_of_range) // from_chars does not say which end of the range
    x = std::strtod(text.data(), nullptr);
  else if (error != std::errc{})
    return false;
  return !std::isnan(x);
}

int find_column(const column_map& columns, const std::string& name) {
  auto i = std::find(columns.columns.begin(), columns.columns.end(), name);
  return i == columns.columns.end() ? -1 : static_cast<int>(i - columns.columns.begin());
}

/// `name="` of each label, with the comma in front of all but the first.
std::vector<std::string> label_openings(const query_definition& query) {
  std::vector<std::string> result;
  for (const auto& name : query.labels)
    result.push_back((result.empty() ? "" : ",") + name + "=\"");
  return result;
}

/// Label text of all rows if nothing needs escaping.
size_t plain_label_bytes(const std::vector<std::string>& openings, const column_map& columns,
                         const PGresult& rows) {
  auto n = PQntuples(&rows);
  size_t result = 0;
  for (size_t i = 0; i < openings.size(); ++i) {
    result += static_cast<size_t>(n) * (openings[i].size() + 1);
    if (columns.labels[i] >= 0)
      for (int row = 0; row < n; ++row)
        result += static_cast<size_t>(PQgetlength(&rows, row, columns.labels[i]));
  }
  return result;
}

void render_row(std::string& to, const std::vector<std::string>& openings,
                const column_map& columns, const PGresult& rows, int row) {
  to.clear();
  for (size_t i = 0; i < openings.size(); ++i) {
    to += openings[i];
    if (columns.labels[i] >= 0)
      append_label_value(to, cell(rows, row, columns.labels[i]));
    to += '"';
  }
}

/// What a sample is when another row with the same labels has the value x.
double combined(double sample, double x, duplicate_rule rule) noexcept {
  if (is_absent(sample))
    return x;
  switch (rule) {
  case duplicate_rule::first: return sample;
  case duplicate_rule::min: return std::min(sample, x);
  case duplicate_rule::max: return std::max(sample, x);
  case duplicate_rule::sum: break;
  }
  auto sum = sample + x; // of both infinities it is no number
  return std::isnan(sum) ? absent_sample() : sum;
}

/// Decodes one row into the row `at` of a section.
/// @param again Another row with the same labels is in there.
void decode_values(section& to, size_t at, bool again, const query_definition& query,
                   const column_map& columns, const PGresult& rows, int row,
                   decode_report& report) {
  for (size_t i = 0; i < columns.metrics.size(); ++i) {
    auto column = columns.metrics[i];
    auto rule = query.metrics[i].duplicates;
    if (column < 0 || (again && rule == duplicate_rule::first))
      continue;
    auto text = cell(rows, row, column);
    double x = 0;
    if (!text.empty() && parse_number(text, x))
      to.set(at, i, combined(to.value(at, i), x, rule));
    else if (!text.empty() || PQgetisnull(&rows, row, column) == 0)
      ++report.not_a_number[i];
  }
}

} // namespace

column_map map_columns(const query_definition& query, const PGresult& rows) {
  column_map result;
  for (int i = 0; i < PQnfields(&rows); ++i)
    result.columns.emplace_back(PQfname(&rows, i));
  auto declared = std::vector<bool>(result.columns.size());
  auto find = [&](const std::string& name) {
    auto i = find_column(result, name);
    if (i < 0)
      result.missing.push_back(name);
    else
      declared[static_cast<size_t>(i)] = true;
    return i;
  };
  for (const auto& name : query.labels)
    result.labels.push_back(find(name));
  for (const auto& x : query.metrics)
    result.metrics.push_back(find(x.column));
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

section decode(const query_definition& query, const column_map& columns, const PGresult& rows,
               decode_report& report) {
  auto n = PQntuples(&rows);
  section result{query.metrics.size()};
  report.not_a_number.resize(query.metrics.size());
  auto openings = label_openings(query);
  auto label_bytes = plain_label_bytes(openings, columns, rows);
  result.reserve(static_cast<size_t>(n), label_bytes);
  row_index index{static_cast<size_t>(n)};
  auto leaves_out = std::ranges::any_of(
    query.metrics, [](const auto& x) { return x.duplicates == duplicate_rule::first; });
  std::string labels;
  for (int row = 0; row < n; ++row) {
    render_row(labels, openings, columns, rows, row);
    if (labels.size() > std::numeric_limits<uint32_t>::max() - result.label_bytes())
      break; // a section can't hold more
    auto at = index.find_or_add(result, labels);
    auto again = at < result.rows();
    if (!again)
      result.add_row(labels);
    else if (leaves_out)
      ++report.duplicates;
    decode_values(result, at, again, query, columns, rows, row, report);
  }
  if (result.rows() < static_cast<size_t>(n) || result.label_bytes() > label_bytes)
    result.shrink();
  return result;
}

} // namespace pgstatsmon
