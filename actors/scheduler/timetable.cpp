// Lines in the order in which they are due.
#include "actors/scheduler/timetable.hpp"

#include "actors/phase.hpp"

namespace pgstatsmon {

void timetable::add(incarnation life, std::string_view identity, time_point now) {
  remove(life);
  auto& added = lines_[life];
  added.hash = phase_hash({identity});
  plan(life, added, now);
}

void timetable::remove(incarnation life) {
  auto i = lines_.find(life);
  if (i == lines_.end())
    return;
  order_.erase({i->second.due, life});
  lines_.erase(i);
}

void timetable::set_interval(caf::timespan interval, time_point now) {
  interval_ = interval;
  order_.clear();
  for (auto& [life, x] : lines_)
    plan(life, x, now);
}

void timetable::set_pace(incarnation life, double times, time_point now) {
  auto i = lines_.find(life);
  if (i == lines_.end() || i->second.times == times)
    return;
  order_.erase({i->second.due, life});
  i->second.times = times;
  plan(life, i->second, now);
}

std::vector<incarnation> timetable::take_due(time_point now) {
  std::vector<incarnation> result;
  while (!order_.empty() && order_.begin()->first <= now) {
    auto life = order_.begin()->second;
    order_.erase(order_.begin());
    result.push_back(life);
    plan(life, lines_[life], now);
  }
  return result;
}

std::optional<timetable::time_point> timetable::next() const {
  if (order_.empty())
    return std::nullopt;
  return order_.begin()->first;
}

caf::timespan timetable::interval_of(const line& x) const {
  return caf::timespan{
    static_cast<caf::timespan::rep>(static_cast<double>(interval_.count()) * x.times)};
}

void timetable::plan(incarnation life, line& x, time_point now) {
  auto every = interval_of(x);
  // The moments are the interval's of all: who is asked less often shares them.
  auto step = std::max(interval_ / moments, caf::timespan{1});
  auto phase = phase_within(x.hash, every);
  x.due = next_at(now, every, phase - phase % step);
  order_.emplace(x.due, life);
}

} // namespace pgstatsmon
