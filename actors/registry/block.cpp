// The growing of a section, and the counts of a block.
#include "actors/registry/block.hpp"

#include <algorithm>

namespace pgstatsmon {

void section::reserve(size_t rows, size_t label_bytes) {
  ends_.reserve(rows);
  values_.reserve(rows * metrics_);
  arena_.reserve(label_bytes);
}

void section::add_row(std::string_view labels) {
  arena_ += labels;
  ends_.push_back(static_cast<uint32_t>(arena_.size()));
  values_.resize(values_.size() + metrics_, absent_sample());
}

size_t section::series() const noexcept {
  return static_cast<size_t>(
    std::count_if(values_.begin(), values_.end(), [](double x) { return !is_absent(x); }));
}

void section::shrink() {
  arena_.shrink_to_fit();
  ends_.shrink_to_fit();
  values_.shrink_to_fit();
}

block::block(catalogue_ptr queries, std::vector<section_ptr> sections)
  : queries_{std::move(queries)}, sections_{std::move(sections)} {
  sections_.resize(queries_->queries().size());
  for (const auto& x : sections_)
    series_ += x == nullptr ? 0 : x->series();
}

const section& block::of(size_t query) const noexcept {
  static const section nothing;
  const auto& x = sections_[query];
  return x == nullptr ? nothing : *x;
}

} // namespace pgstatsmon
