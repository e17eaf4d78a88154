// The plan is made anew only when what it depends on has changed.
#include "actors/backend/agenda.hpp"

#include "actors/backend/classify.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgstatsmon {

namespace {

/// How long what was found about extensions, settings and rights is relied on; a poll's interval
/// less than a minute.
constexpr auto facts_interval = std::chrono::seconds{50};

} // namespace

agenda::agenda(catalogue_ptr queries, std::string_view backend, collect_rules collect, bool visit,
               backend_kind kind)
  : queries_{std::move(queries)},
    needs_{needs_of(*queries_, visit)},
    schedule_{queries_, backend, visit ? caf::timespan{0} : collect.sample},
    // What visits cost is not known here.
    budget_{queries_, visit ? 1 : collect.server_share, visit ? caf::timespan{0} : collect.sample},
    own_budget_{queries_, visit ? 1 : collect.own_share,
                visit ? caf::timespan{0} : collect.sample} {
  facts_.visit = visit;
  facts_.kind = kind;
  facts_.collect = std::move(collect);
  make();
}

bool agenda::make() {
  return std::exchange(plan_, make_plan(*queries_, facts_)) != plan_;
}

bool agenda::learn(int32_t version, server_role role, bool functions) {
  if (facts_.version == version && facts_.role == role && facts_.functions == functions)
    return false;
  facts_.version = version;
  facts_.role = role;
  facts_.functions = functions;
  return make();
}

bool agenda::learn(found_facts found) {
  if (facts_.found == found)
    return false;
  facts_.found = std::move(found);
  return make();
}

bool agenda::wants_facts(time_point now) const {
  return !facts_asked_ || now - *facts_asked_ >= facts_interval;
}

bool agenda::facts_came(const PGresult* rows, time_point now) {
  facts_asked_ = now;
  if (rows == nullptr)
    return false;
  found_facts found{*rows};
  if (found != facts_.found) {
    facts_changed_ = now;
    in_earnest_.clear();
  }
  return learn(std::move(found));
}

bool agenda::has_lost_its_needs(size_t query, size_t variant, std::string_view sqlstate,
                                time_point began) {
  const auto& definition = queries_->queries()[query];
  auto needs_something = !definition.needs.empty() || !definition.variants[variant].needs.empty();
  if (!needs_something || !may_come_from_absence(sqlstate) || in_earnest_.contains(query))
    return false;
  // It was put together before the poll's own facts came.
  if (facts_changed_ && *facts_changed_ >= began)
    return true;
  if (facts_asked_ && *facts_asked_ >= began) {
    in_earnest_.insert(query);
    return false;
  }
  doubt_facts();
  return true;
}

void agenda::answered(size_t query, time_point now, bool well) {
  schedule_.answered(query, now, well);
  if (well)
    in_earnest_.erase(query);
}

void agenda::start(time_point now, caf::timespan poll_interval) {
  if (!std::exchange(started_, true))
    schedule_.start(now, poll_interval);
}

bool agenda::adjust(time_point now, caf::timespan poll_interval) {
  std::vector<bool> planned(plan_.size());
  for (size_t i = 0; i < planned.size(); ++i)
    planned[i] = plan_[i] && !is_left_out(i, now);
  budget_.adjust(planned, now, poll_interval);
  own_budget_.adjust(planned, now, poll_interval);
  auto changed = false;
  for (size_t i = 0; i < planned.size(); ++i)
    changed = schedule_.stretch(i, stretch(i)) || changed;
  return changed;
}

std::vector<size_t> agenda::without_room(std::vector<size_t> due, time_point now) const {
  auto result = budget_.beyond(due, now);
  std::erase_if(due, [&](size_t i) { return std::ranges::binary_search(result, i); });
  std::ranges::copy(own_budget_.beyond(due, now), std::back_inserter(result));
  std::ranges::sort(result);
  return result;
}

size_t agenda::stretched() const {
  size_t result = 0;
  for (size_t i = 0; i < plan_.size(); ++i)
    result += stretch(i) > 1 ? 1 : 0;
  return result;
}

plan agenda::due(time_point now, caf::timespan poll_interval) {
  std::vector<size_t> due;
  for (size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i] && schedule_.is_due(i, now, poll_interval) && !is_left_out(i, now))
      due.push_back(i);
  postponed_ = without_room(due, now);
  plan result(plan_.size());
  for (auto i : due)
    if (!std::ranges::binary_search(postponed_, i))
      result[i] = plan_[i];
  return result;
}

plan agenda::sample(time_point now) const {
  std::vector<size_t> due;
  for (size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i] && schedule_.is_due_for_sample(i, now) && !is_left_out(i, now))
      due.push_back(i);
  auto beyond = without_room(due, now);
  plan result(plan_.size());
  for (auto i : due)
    if (!std::ranges::binary_search(beyond, i))
      result[i] = plan_[i];
  return result;
}

std::vector<size_t> agenda::with_texts() const {
  std::vector<size_t> result;
  for (size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i] && !queries_->queries()[i].texts.empty())
      result.push_back(i);
  return result;
}

std::vector<bool> agenda::kept(time_point now, caf::timespan poll_interval) const {
  std::vector<bool> result(plan_.size());
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = plan_[i] && !is_left_out(i, now) && schedule_.keeps(i, now, poll_interval);
  for (auto i : postponed_)
    result[i] = schedule_.answered_since(i, now - time_budget::slowest - 2 * poll_interval);
  return result;
}

size_t agenda::planned(time_point now) const {
  size_t result = 0;
  for (size_t i = 0; i < plan_.size(); ++i)
    result += plan_[i] && !is_left_out(i, now) ? 1 : 0;
  return result;
}

std::shared_ptr<const plan_trace> agenda::explain(time_point now, bool elsewhere) const {
  auto result = std::make_shared<plan_trace>();
  for (size_t i = 0; i < plan_.size(); ++i) {
    auto why = is_left_out(i, now) ? std::string{"its result was too large"}
                                   : why_left_out(queries_->queries()[i], facts_);
    auto there = elsewhere ? why_not_elsewhere(queries_->queries()[i], facts_) : std::string{};
    result->push_back({plan_[i], std::move(why), std::move(there), stretch(i)});
  }
  return result;
}

bool agenda::is_left_out(size_t query, time_point now) const {
  auto i = left_out_.find(query);
  return i != left_out_.end() && now < i->second;
}

} // namespace pgstatsmon
