// Ranks, members and the rest.
#include "actors/registry/top_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pgstatsmon {

namespace {

/// Who has not grown for so long makes room.
constexpr auto patience = std::chrono::minutes{30};

constexpr double least = -std::numeric_limits<double>::infinity();

double or_least(double x) {
  return is_absent(x) ? least : x;
}

/// Row numbers, the largest first; of equal ones by labels.
std::vector<size_t> ranked(const section& all, const std::vector<double>& by) {
  std::vector<size_t> result(all.rows());
  std::iota(result.begin(), result.end(), size_t{0});
  std::ranges::sort(result, [&](size_t x, size_t y) {
    return by[x] != by[y] ? by[x] > by[y] : all.labels(x) < all.labels(y);
  });
  return result;
}

std::string labels_of_others(const query_definition& query, std::string_view fixed_labels) {
  std::string result{fixed_labels};
  for (const auto& name : query.labels)
    result += (result.empty() ? "" : ",") + name + "=\"other\"";
  return result;
}

bool has_counter(const query_definition& query) {
  return std::ranges::any_of(query.metrics,
                             [](const auto& x) { return x.type == metric_type::counter; });
}

} // namespace

top_rows::top_rows(const query_definition& query, std::string_view fixed_labels)
  : query_{&query},
    other_labels_{labels_of_others(query, fixed_labels)},
    remembers_{query.limit.order == row_limit::rank::growth
               || (query.limit.other && has_counter(query))},
    others_(query.metrics.size(), absent_sample()) {
  // nop
}

section top_rows::keep(const section& all, time_point now) {
  std::vector<bool> shown(all.rows());
  if (query_->limit.order == row_limit::rank::growth)
    choose_by_growth(all, now, shown);
  else
    choose_by_value(all, shown);
  for (size_t i = 0; i < shown.size(); ++i)
    if (query_->limit.other && all.labels(i) == other_labels_)
      shown[i] = false; // a page can have only one row of this name
  if (query_->limit.other)
    gather_others(all, shown);
  if (remembers_)
    remember(all);
  section result{all.metrics()};
  for (size_t i = 0; i < shown.size(); ++i) {
    if (!shown[i])
      continue;
    result.add_row(all.labels(i));
    for (size_t j = 0; j < all.metrics(); ++j)
      result.set(j, all.value(i, j));
  }
  auto any = std::ranges::any_of(others_, [](double x) { return !is_absent(x); });
  if (query_->limit.other && any) {
    result.add_row(other_labels_);
    for (size_t j = 0; j < others_.size(); ++j)
      result.set(j, others_[j]);
  }
  result.shrink();
  return result;
}

void top_rows::choose_by_value(const section& all, std::vector<bool>& shown) const {
  std::vector<double> by;
  for (size_t i = 0; i < all.rows(); ++i)
    by.push_back(or_least(all.value(i, query_->limit.by)));
  auto order = ranked(all, by);
  order.resize(std::min<size_t>(order.size(), query_->limit.rows));
  for (auto i : order)
    shown[i] = true;
}

void top_rows::choose_by_growth(const section& all, time_point now, std::vector<bool>& shown) {
  size_t places = query_->limit.rows;
  std::vector<double> by;
  for (size_t i = 0; i < all.rows(); ++i)
    by.push_back(growth(all, i, query_->limit.by));
  auto order = ranked(all, by);
  size_t taken = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    auto& row = rows_[std::string{all.labels(order[rank])}];
    if (by[order[rank]] > 0 || row.values.empty())
      row.grown = now;
    row.member = row.member && rank < 2 * places && now - row.grown < patience;
    taken += row.member ? 1 : 0;
  }
  for (size_t rank = 0; rank < order.size(); ++rank) {
    auto& row = rows_[std::string{all.labels(order[rank])}];
    if (!row.member && taken < places && (by[order[rank]] > 0 || reads_ == 0)) {
      row.member = true;
      ++taken;
    }
    shown[order[rank]] = row.member;
  }
}

double top_rows::growth(const section& all, size_t row, size_t metric) const {
  auto now = all.value(row, metric);
  if (is_absent(now))
    return 0;
  auto i = rows_.find(std::string{all.labels(row)});
  // Who comes later was perhaps there before, below what the query reads.
  if (i == rows_.end() || i->second.values.empty() || is_absent(i->second.values[metric]))
    return reads_ == 0 ? now : 0;
  auto before = i->second.values[metric];
  return now < before ? now : now - before; // less: it was reset
}

void top_rows::gather_others(const section& all, const std::vector<bool>& shown) {
  for (size_t j = 0; j < all.metrics(); ++j) {
    auto counts = query_->metrics[j].type == metric_type::counter;
    if (!counts)
      others_[j] = absent_sample();
    for (size_t i = 0; i < all.rows(); ++i) {
      auto value = all.value(i, j);
      if (shown[i] || is_absent(value))
        continue;
      auto sum = (is_absent(others_[j]) ? 0 : others_[j]) + (counts ? growth(all, i, j) : value);
      others_[j] = std::isnan(sum) ? absent_sample() : sum;
    }
  }
}

void top_rows::remember(const section& all) {
  ++reads_;
  for (size_t i = 0; i < all.rows(); ++i) {
    auto& row = rows_[std::string{all.labels(i)}];
    row.read = reads_;
    row.values.resize(all.metrics());
    for (size_t j = 0; j < all.metrics(); ++j)
      row.values[j] = all.value(i, j);
  }
  std::erase_if(rows_, [&](const auto& x) { return x.second.read != reads_; });
}

} // namespace pgstatsmon
