// Counts of one backend: making them, and finding a class of failures.
#include "actors/registry/backend_metrics.hpp"

namespace pgstatsmon {

namespace {

// all_failures leaves out `none`, which is the first of the enumeration, and keeps the order.
constexpr size_t index_of(failure x) noexcept {
  return static_cast<size_t>(x) - 1;
}

static_assert(all_failures[index_of(failure::auth)] == failure::auth);
static_assert(all_failures[index_of(failure::other)] == failure::other);

} // namespace

backend_metrics::backend_metrics(catalogue_ptr queries) : queries_{std::move(queries)} {
  per_query_.reserve(queries_->queries().size());
  for (const auto& x : queries_->queries())
    per_query_.push_back(std::make_unique<query_metrics>(x.metrics.size()));
}

void backend_metrics::count_failure(failure x) noexcept {
  if (x != failure::none)
    failures_[index_of(x)].fetch_add(1, std::memory_order_relaxed);
}

uint64_t backend_metrics::failures(failure x) const noexcept {
  return x == failure::none ? 0 : failures_[index_of(x)].load(std::memory_order_relaxed);
}

} // namespace pgstatsmon
