// Phases by hash.
#include "actors/backend/query_schedule.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

/// FNV-1a, so that the phases are the same after a restart.
uint64_t hash_of(std::string_view backend, std::string_view query) {
  uint64_t result = 14695981039346656037ULL;
  auto add = [&](std::string_view text) {
    for (unsigned char c : text)
      result = (result ^ c) * 1099511628211ULL;
  };
  add(backend);
  add(query);
  return result ^ (result >> 32U);
}

/// The first moment after `t` that is `phase` past a whole number of intervals.
query_schedule::time_point next_at(query_schedule::time_point t, caf::timespan every,
                                   caf::timespan phase) {
  auto since = t.time_since_epoch() - phase;
  auto past = since % every;
  return t - past + every;
}

} // namespace

query_schedule::query_schedule(catalogue_ptr queries, std::string_view backend)
  : queries_{std::move(queries)} {
  for (const auto& x : queries_->queries())
    entries_.push_back({.hash = hash_of(backend, x.name)});
}

void query_schedule::start(time_point now, caf::timespan poll_interval) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    auto within = std::min(every(i), 10 * poll_interval);
    if (within.count() > 0)
      entries_[i].due = now
                        + caf::timespan{static_cast<int64_t>(
                          entries_[i].hash % static_cast<uint64_t>(within.count()))};
  }
}

caf::timespan query_schedule::interval(size_t query, caf::timespan poll_interval) const {
  auto times = entries_[query].stretch;
  auto own = every(query);
  return times == 1 ? own : times * std::max(own, poll_interval);
}

bool query_schedule::is_due(size_t query, time_point now, caf::timespan poll_interval) const {
  const auto& x = entries_[query];
  auto due = x.stretch == 1 ? x.due : x.asked + interval(query, poll_interval);
  return due <= now + poll_interval / 2;
}

void query_schedule::answered(size_t query, time_point now, bool well) {
  auto& x = entries_[query];
  x.asked = now;
  if (well)
    x.answered = now;
  auto own = every(query);
  if (own.count() == 0)
    return;
  auto phase = caf::timespan{static_cast<int64_t>(x.hash % static_cast<uint64_t>(own.count()))};
  // Not twice in one interval, but for the first time, when it comes to its phase.
  x.due = next_at(now + own / 2, own, phase);
}

bool query_schedule::keeps(size_t query, time_point now, caf::timespan poll_interval) const {
  auto answered = entries_[query].answered;
  auto apart = interval(query, poll_interval);
  return apart.count() > 0 && answered != time_point{}
         && now - answered <= apart + apart / 2 + 2 * poll_interval;
}

} // namespace pgstatsmon
