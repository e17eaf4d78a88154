// Sums by labels.
#include "actors/registry/time_sums.hpp"

#include <algorithm>

namespace pgstatsmon {

time_sums::time_sums(const query_definition& query) {
  for (size_t i = 0; i < query.metrics.size(); ++i)
    if (query.metrics[i].integral)
      metrics_.push_back(i);
}

time_sums::memory* time_sums::of(const std::string& labels) {
  if (auto i = rows_.find(labels); i != rows_.end())
    return &i->second;
  if (rows_.size() >= most)
    return nullptr;
  auto& result = rows_[labels];
  result.sums.resize(metrics_.size());
  return &result;
}

section time_sums::add(const section& read, time_point now) {
  using seconds = std::chrono::duration<double>;
  auto passed = read_ ? std::min<seconds>(now - *read_, longest) : seconds{0};
  read_ = now;
  std::erase_if(rows_, [&](const auto& row) { return now - row.second.seen > kept; });

  section result{read.metrics()};
  for (size_t i = 0; i < read.rows(); ++i) {
    result.add_row(read.labels(i));
    for (size_t j = 0; j < read.metrics(); ++j)
      result.set(j, read.value(i, j));
    auto* row = of(std::string{read.labels(i)});
    if (row != nullptr)
      row->seen = now;
    for (size_t j = 0; j < metrics_.size(); ++j) {
      auto value = read.value(i, metrics_[j]);
      if (row != nullptr && !is_absent(value))
        row->sums[j] += value * passed.count();
      result.set(metrics_[j], row == nullptr ? absent_sample() : row->sums[j]);
    }
  }
  for (const auto& [labels, row] : rows_) {
    if (row.seen == now)
      continue;
    result.add_row(labels);
    for (size_t j = 0; j < metrics_.size(); ++j)
      result.set(metrics_[j], row.sums[j]);
  }
  result.shrink();
  return result;
}

} // namespace pgstatsmon
