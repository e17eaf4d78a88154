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

backend_metrics::backend_metrics(catalogue_ptr queries, fleet_metrics* fleet)
  : queries_{std::move(queries)}, fleet_{fleet} {
  for (const auto& x : queries_->queries())
    per_query_.emplace_back(x.metrics.size());
}

void backend_metrics::answered(size_t i, double ms) {
  const auto& of = queries_->queries()[i];
  auto& to = query(i);
  to.answers.fetch_add(1, std::memory_order_relaxed);
  to.ms.store(to.ms.load(std::memory_order_relaxed) + ms, std::memory_order_relaxed);
  if (has_own_times(of, fleet_ == nullptr ? own_metrics::contract : fleet_->shown()))
    to.times.make(query_time_bounds).observe(ms);
  constexpr double ms_per_second = 1000;
  if (fleet_ != nullptr)
    fleet_->answered(of.name, ms / ms_per_second);
}

void backend_metrics::set_plan(std::shared_ptr<const plan_trace> x) {
  history.set_plan(fleet_ == nullptr ? std::move(x) : fleet_->plans().share(std::move(x)));
}

void backend_metrics::set_up(bool x, double now) noexcept {
  if (up.exchange(x) != x || since.load(std::memory_order_relaxed) == 0)
    since.store(now, std::memory_order_relaxed);
}

void backend_metrics::count_failure(failure x) noexcept {
  if (x != failure::none)
    failures_[index_of(x)].fetch_add(1, std::memory_order_relaxed);
}

identity_ptr backend_metrics::server() const {
  auto newest = report.load();
  return newest == nullptr ? nullptr : newest->identity;
}

uint64_t backend_metrics::failures(failure x) const noexcept {
  return x == failure::none ? 0 : failures_[index_of(x)].load(std::memory_order_relaxed);
}

} // namespace pgstatsmon
