// Greedy doubling and halving of intervals, and a count of the last five minutes.
#include "actors/backend/time_budget.hpp"

#include "actors/backend/sampled.hpp"
#include "actors/seconds.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pgstatsmon {

namespace {

/// What intervals are stretched to: the rest is for costs that vary.
constexpr double fill = 0.8;

/// An interval comes back only when no more than this is used then.
constexpr double room = 0.6;

constexpr std::chrono::minutes calm{5};
constexpr std::chrono::minutes between_relaxations{1};

/// What operators, alerts and dashboards rely on most is asked less often last.
uint32_t weight_of(const query_definition& x) {
  if (x.set == "original" || x.set == "core")
    return 4;
  return x.set == "standard" || x.set == "exporter" ? 2 : 1;
}

} // namespace

time_budget::time_budget(catalogue_ptr queries, double share, caf::timespan sample)
  : queries_{std::move(queries)},
    share_{share},
    sample_{sample},
    entries_(queries_->queries().size()) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const auto& query = queries_->queries()[i];
    entries_[i].weight = weight_of(query);
    entries_[i].sampled = sample.count() > 0 && can_be_sampled(query);
  }
}

void time_budget::spent(size_t query, caf::timespan took, time_point now) {
  auto& x = entries_[query];
  x.costs[x.known++ % remembered] = took;
  x.asked = now;
  auto number = now.time_since_epoch() / bucket_width;
  auto& to = spent_[static_cast<size_t>(number) % buckets];
  if (to.number != number)
    to = {number, caf::timespan{0}};
  to.spent += took;
}

caf::timespan time_budget::foreseen(const entry& x) {
  auto costs = x.costs;
  auto count = static_cast<ptrdiff_t>(std::min(x.known, remembered));
  std::sort(costs.begin(), costs.begin() + count);
  return costs[static_cast<size_t>(count / 2)];
}

double time_budget::load(const entry& x) {
  return x.planned ? seconds_of(foreseen(x)) / (x.interval * x.stretch) : 0;
}

caf::timespan time_budget::spent_lately(time_point now) const {
  auto newest = now.time_since_epoch() / bucket_width;
  auto oldest = newest - static_cast<int64_t>(buckets) + 1;
  return std::accumulate(
    spent_.begin(), spent_.end(), caf::timespan{0},
    [&](caf::timespan sum, const bucket& x) { return x.number >= oldest ? sum + x.spent : sum; });
}

caf::timespan time_budget::allowance() const {
  return caf::timespan{static_cast<int64_t>(share_ * caf::timespan{window}.count())};
}

double time_budget::used(time_point now) const {
  return seconds_of(spent_lately(now)) / seconds_of(allowance());
}

size_t time_budget::stretched() const {
  return static_cast<size_t>(
    std::ranges::count_if(entries_, [](const entry& x) { return x.stretch > 1; }));
}

void time_budget::learn(const std::vector<bool>& planned, caf::timespan poll_interval) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    auto every = queries_->queries()[i].every;
    auto& x = entries_[i];
    auto interval =
      x.sampled ? std::min(sample_, poll_interval) : std::max<caf::timespan>(every, poll_interval);
    x.planned = planned[i];
    x.interval = seconds_of(interval);
    x.most = 1;
    while (2 * x.most * interval <= slowest)
      x.most *= 2;
    x.stretch = std::min(x.stretch, x.most);
  }
}

void time_budget::adjust(const std::vector<bool>& planned, time_point now,
                         caf::timespan poll_interval) {
  if (!limited())
    return;
  learn(planned, poll_interval);
  auto total = [this] {
    return std::accumulate(entries_.begin(), entries_.end(), 0.0,
                           [](double sum, const entry& x) { return sum + load(x); });
  };
  if (total() > share_) {
    while (total() > fill * share_ && stretch_one())
      stretched_at_ = now;
    return;
  }
  if (now - stretched_at_ >= calm && now - relaxed_at_ >= between_relaxations && relax_one(total()))
    relaxed_at_ = now;
}

bool time_budget::stretch_one() {
  auto worth = [](const entry& x) { return x.stretch < x.most ? load(x) / x.weight : -1; };
  auto dearest = std::ranges::max_element(entries_, {}, worth);
  if (dearest == entries_.end() || worth(*dearest) <= 0)
    return false;
  dearest->stretch *= 2;
  return true;
}

bool time_budget::relax_one(double total) {
  // Asked twice as often it costs twice as much: its load comes on top.
  auto fits = [&](const entry& x) { return x.stretch > 1 && total + load(x) <= room * share_; };
  auto best = entries_.end();
  for (auto i = entries_.begin(); i != entries_.end(); ++i)
    if (fits(*i) && (best == entries_.end() || load(*i) / i->weight < load(*best) / best->weight))
      best = i;
  if (best == entries_.end())
    return false;
  best->stretch /= 2;
  return true;
}

std::vector<size_t> time_budget::beyond(const std::vector<size_t>& due, time_point now) const {
  std::vector<size_t> result;
  if (!limited())
    return result;
  auto left = allowance() - spent_lately(now);
  auto sum = std::accumulate(due.begin(), due.end(), caf::timespan{0},
                             [this](auto x, size_t i) { return x + foreseen(entries_[i]); });
  if (sum < left)
    return result;
  auto order = due;
  std::ranges::stable_sort(
    order, {}, [this](size_t i) { return seconds_of(foreseen(entries_[i])) / entries_[i].weight; });
  for (auto i : order) {
    const auto& x = entries_[i];
    auto cost = foreseen(x);
    auto must = x.known > 0 && now - x.asked >= slowest;
    if (!must && (left <= caf::timespan{0} || cost > left))
      result.push_back(i);
    else
      left -= cost;
  }
  std::ranges::sort(result);
  return result;
}

} // namespace pgstatsmon
