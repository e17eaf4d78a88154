// Phases by hash.
#include "actors/backend/query_schedule.hpp"

#include "actors/backend/sampled.hpp"
#include "actors/phase.hpp"

#include <algorithm>

namespace pgstatsmon {

query_schedule::query_schedule(catalogue_ptr queries, std::string_view backend,
                               caf::timespan sample)
  : queries_{std::move(queries)}, sample_{sample} {
  for (const auto& x : queries_->queries())
    entries_.push_back(
      {.hash = phase_hash({backend, x.name}), .sampled = sample.count() > 0 && can_be_sampled(x)});
}

void query_schedule::start(time_point now, caf::timespan poll_interval) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    auto within = std::min(every(i), 10 * poll_interval);
    // What the original shows is on the page from the first poll on.
    if (queries_->queries()[i].set == "original")
      entries_[i].due = now;
    else if (within.count() > 0)
      entries_[i].due = now + phase_within(entries_[i].hash, within);
  }
}

caf::timespan query_schedule::interval(size_t query, caf::timespan poll_interval) const {
  auto times = entries_[query].stretch;
  auto own = every(query);
  if (times == 1)
    return own;
  return times * (entries_[query].sampled ? sample_ : std::max(own, poll_interval));
}

bool query_schedule::is_due_for_sample(size_t query, time_point now) const {
  const auto& x = entries_[query];
  return x.sampled && x.asked + x.stretch * sample_ <= now + sample_ / 2;
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
  // Not twice in one interval, but for the first time, when it comes to its phase.
  x.due = next_at(now + own / 2, own, phase_within(x.hash, own));
}

bool query_schedule::keeps(size_t query, time_point now, caf::timespan poll_interval) const {
  auto answered = entries_[query].answered;
  auto apart = interval(query, poll_interval);
  return apart.count() > 0 && answered != time_point{}
         && now - answered <= apart + apart / 2 + 2 * poll_interval;
}

} // namespace pgstatsmon
