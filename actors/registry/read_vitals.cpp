// The catalogue says where the parts of each sign are; their rows are put together here.
#include "actors/registry/read_vitals.hpp"

#include <algorithm>
#include <string_view>

namespace pgstatsmon {

namespace {

/// The quote that ends the text that begins here; one behind an odd number of backslashes does not.
size_t closing_quote(std::string_view labels, size_t begin) noexcept {
  auto end = labels.find('"', begin);
  while (end != std::string_view::npos) {
    auto first = end;
    while (first > begin && labels[first - 1] == '\\')
      --first;
    if ((end - first) % 2 == 0)
      break;
    end = labels.find('"', end + 1);
  }
  return end;
}

/// What stands between the quotes of one label, as it is escaped.
std::string_view label_text(std::string_view labels, size_t label) noexcept {
  for (size_t begin = 0;; --label) {
    begin = labels.find('"', begin);
    if (begin == std::string_view::npos)
      return {};
    auto end = closing_quote(labels, ++begin);
    if (end == std::string_view::npos)
      return {};
    if (label == 0)
      return labels.substr(begin, end - begin);
    begin = end + 1;
  }
}

bool counts(const vital_part& part, std::string_view labels) noexcept {
  return std::ranges::all_of(part.where, [&](const label_condition& x) {
    auto text = label_text(labels, x.label);
    return std::ranges::find(x.values, text) != x.values.end();
  });
}

void join(double& to, double x, vital_part::joining how) noexcept {
  if (std::isnan(to))
    to = x;
  else if (how == vital_part::joining::sum)
    to += x;
  else
    to = std::max(to, x);
}

} // namespace

vital_reading read_vitals(const block& of, const block* before) noexcept {
  vital_reading result;
  uint32_t known = 0;
  for (const auto& [query, metric, part] : of.queries()->vitals()) {
    const auto* rows = of.find(query);
    if (rows == nullptr)
      continue;
    auto bit = 1U << index_of(part.sign);
    known |= bit;
    if (before == nullptr || before->find(query) != rows)
      result.fresh |= bit;
    auto& joined = result.values[part.sign];
    for (size_t i = 0; i < rows->rows(); ++i) {
      auto x = rows->value(i, metric);
      // Most sessions of most databases are none, and none changes no sum.
      auto changes = x != 0 || part.rows != vital_part::joining::sum || std::isnan(joined);
      if (changes && !is_absent(x) && counts(part, rows->labels(i)))
        join(joined, x, part.rows);
    }
  }
  // Last, as several metrics may be parts of one sign.
  for (const auto& [query, metric, part] : of.queries()->vitals())
    if (auto& x = result.values[part.sign];
        part.otherwise && std::isnan(x) && (known & (1U << index_of(part.sign))) != 0)
      x = *part.otherwise;
  return result;
}

} // namespace pgstatsmon
