// What is asked less often, and that nothing starves: alone, and 500 servers for an hour.
#define SUITE time_budget

#include "actors/backend/time_budget.hpp"

#include "test/unit/test.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = time_budget::time_point;

constexpr caf::timespan tick = 10s;

query_definition defined(const std::string& name, const std::string& set,
                         std::chrono::milliseconds every = 0ms) {
  query_definition result;
  result.name = name;
  result.set = set;
  result.every = every;
  return result;
}

/// One server whose queries cost what the test says, polled every ten seconds.
struct server {
  server(catalogue_ptr all, double share)
    : queries{std::move(all)},
      budget{queries, share},
      costs(queries->queries().size(), caf::timespan{1ms}),
      asked(costs.size()) {
    // nop
  }

  caf::timespan interval(size_t i) const {
    return std::max<caf::timespan>(queries->queries()[i].every, tick) * budget.stretch(i);
  }

  void poll() {
    std::vector<uint32_t> before;
    for (size_t i = 0; i < costs.size(); ++i)
      before.push_back(budget.stretch(i));
    budget.adjust(std::vector<bool>(costs.size(), true), now, tick);
    for (size_t i = 0; i < costs.size(); ++i)
      changes += before[i] != budget.stretch(i) ? 1 : 0;
    std::vector<size_t> due;
    for (size_t i = 0; i < costs.size(); ++i)
      if (asked[i] == time_point{} || asked[i] + interval(i) <= now + tick / 2)
        due.push_back(i);
    for (auto i : budget.beyond(due, now))
      std::erase(due, i);
    for (auto i : due) {
      if (asked[i] != time_point{})
        longest = std::max(longest, now - asked[i]);
      asked[i] = now;
      ++times;
      budget.spent(i, costs[i], now);
      spent.emplace_back(now, costs[i]);
      lately += costs[i];
    }
    now += tick;
    forget();
  }

  void poll_for(caf::timespan time) {
    for (auto end = now + time; now < end;)
      poll();
  }

  void forget() {
    for (; !spent.empty() && spent.front().first < now - time_budget::window; spent.pop_front())
      lately -= spent.front().second;
  }

  catalogue_ptr queries;
  time_budget budget;
  std::vector<caf::timespan> costs;
  std::vector<time_point> asked;
  time_point now{1h};
  size_t changes = 0;
  size_t times = 0;
  caf::timespan longest{0}; ///< Between two times that one query was asked.
  std::deque<std::pair<time_point, caf::timespan>> spent;
  caf::timespan lately{0}; ///< In the last five minutes.
};

catalogue_ptr three() {
  return std::make_shared<const catalogue>(
    std::vector{defined("up", "core"), defined("tables", "core"), defined("statements", "full")});
}

} // namespace

TEST(what is cheap is asked with each poll) {
  server x{three(), 0.01};
  x.poll_for(10min);
  CHECK_EQUAL(x.budget.stretched(), 0u);
  CHECK_EQUAL(x.times, 3u * 60);
  CHECK(x.budget.used(x.now) < 0.05);
}

TEST(what takes most is asked less often) {
  server x{three(), 0.01};
  x.costs = {1ms, 300ms, 1ms};
  x.poll_for(10min);
  CHECK_EQUAL(x.budget.stretch(0), 1u);
  CHECK_EQUAL(x.budget.stretch(1), 4u);
  CHECK_EQUAL(x.budget.stretch(2), 1u);
  CHECK(x.budget.used(x.now) <= 1);
  CHECK(x.budget.used(x.now) > 0.5);
}

TEST(of two that cost the same the less important one is asked less often) {
  server x{three(), 0.01};
  x.costs = {1ms, 60ms, 60ms};
  x.poll_for(10min);
  CHECK_EQUAL(x.budget.stretch(1), 1u);
  CHECK(x.budget.stretch(2) > 1);
}

TEST(intervals come back when there is room) {
  server x{three(), 0.01};
  x.costs = {1ms, 800ms, 1ms};
  x.poll_for(30min);
  CHECK(x.budget.stretch(1) >= 8);
  x.costs = {1ms, 10ms, 1ms};
  x.poll_for(30min);
  CHECK_EQUAL(x.budget.stretched(), 0u);
}

TEST(one odd cost changes nothing) {
  server x{three(), 0.01};
  x.poll_for(10min);
  x.costs[1] = 900ms;
  x.poll();
  x.costs[1] = 1ms;
  x.poll_for(10min);
  CHECK_EQUAL(x.changes, 0u);
}

TEST(whatever it costs a query is asked every ten minutes) {
  server x{three(), 0.0001};
  x.costs = {50ms, 5s, 50ms};
  x.poll_for(2h);
  CHECK(x.longest <= time_budget::slowest + tick);
  CHECK(x.longest >= 5min);
}

TEST(without a limit nothing is asked less often) {
  server x{three(), 1};
  x.costs = {5s, 5s, 5s};
  x.poll_for(10min);
  CHECK_EQUAL(x.times, 3u * 60);
  CHECK_EQUAL(x.changes, 0u);
}

TEST(a query that does not apply any more costs nothing) {
  server x{three(), 0.01};
  x.costs = {1ms, 300ms, 1ms};
  x.poll_for(10min);
  CHECK(x.budget.stretch(1) > 1);
  for (auto end = x.now + 1h; x.now < end; x.now += tick)
    x.budget.adjust({true, false, true}, x.now, tick);
  CHECK_EQUAL(x.budget.stretched(), 0u);
}

TEST(an interval of its own is stretched too and an hour stays an hour) {
  server x{std::make_shared<const catalogue>(
             std::vector{defined("sizes", "core", 2min), defined("bloat", "full", 1h)}),
           0.001};
  x.costs = {1s, 20s};
  x.poll_for(3h);
  CHECK_EQUAL(x.budget.stretch(0), 4u);
  CHECK_EQUAL(x.budget.stretch(1), 1u);
}

// Costs wander, and now and then one is a hundred times what it was, or falls as suddenly. All of
// them every ten minutes, which is the floor, are within the budget.
TEST(five hundred servers for an hour keep to it and nobody starves) {
  constexpr double share = 0.01;
  std::vector<query_definition> all;
  for (size_t i = 0; i < 24; ++i)
    all.push_back(defined("q" + std::to_string(i),
                          i % 3 == 0   ? "core"
                          : i % 3 == 1 ? "standard"
                                       : "full",
                          i % 8 == 7 ? std::chrono::milliseconds{5min} : 0ms));
  auto queries = std::make_shared<const catalogue>(std::move(all));
  std::mt19937 random{20261127};
  std::uniform_real_distribution<double> even{0, 1};
  size_t most_changes = 0;
  for (size_t s = 0; s < 500; ++s) {
    server x{queries, share};
    for (auto& cost : x.costs)
      cost = caf::timespan{static_cast<int64_t>(2e5 * std::pow(100, even(random)))};
    const auto allowance = caf::timespan{static_cast<int64_t>(share * 300e9)};
    // What an earlier cost could not foretell.
    caf::timespan surprise{0};
    auto kept = true;
    auto surprised_at = x.now;
    for (auto end = x.now + 1h; x.now < end;) {
      for (auto& cost : x.costs) {
        auto before = cost;
        cost = caf::timespan{static_cast<int64_t>(
          std::clamp(static_cast<double>(cost.count()) * (0.9 + 0.2 * even(random)), 1e5, 1e8))};
        if (even(random) < 0.0005)
          cost = std::min<caf::timespan>(cost * 100, 100ms);
        else if (even(random) < 0.0005)
          cost = std::max<caf::timespan>(cost / 100, 100us);
        if (cost > before + before / 2) {
          // Three times until the median is another one.
          surprise += 3 * cost;
          surprised_at = x.now;
        }
      }
      if (x.now - surprised_at > 2 * time_budget::window)
        surprise = caf::timespan{0};
      x.poll();
      kept = kept && x.lately <= allowance + allowance / 10 + surprise;
    }
    CHECK(kept);
    CHECK(x.longest <= time_budget::slowest + tick);
    most_changes = std::max(most_changes, x.changes);
  }
  CHECK(most_changes <= 24 * 12);
}
