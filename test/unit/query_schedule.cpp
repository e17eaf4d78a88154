// Intervals, phases, and how long rows are shown.
#define SUITE query_schedule

#include "actors/backend/query_schedule.hpp"

#include "test/unit/test.hpp"

#include <set>
#include <string>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = query_schedule::time_point;

constexpr caf::timespan tick = 10s;

catalogue_ptr queries() {
  query_definition each;
  each.name = "each";
  query_definition sizes;
  sizes.name = "sizes";
  sizes.every = 5min;
  return std::make_shared<const catalogue>(std::vector{each, sizes});
}

/// When the second query is due in an hour of polls.
std::vector<time_point> times_of(query_schedule& x, time_point begin) {
  std::vector<time_point> result;
  x.start(begin, tick);
  for (auto now = begin; now < begin + 1h; now += tick) {
    CHECK(x.is_due(0, now, tick));
    x.answered(0, now, true);
    if (!x.is_due(1, now, tick))
      continue;
    result.push_back(now);
    x.answered(1, now, true);
  }
  return result;
}

const time_point begin{100h};

} // namespace

TEST(a long interval is kept from the second time on) {
  query_schedule x{queries(), "a"};
  auto times = times_of(x, begin);
  REQUIRE(times.size() >= 12u);
  CHECK(times.size() <= 14u);
  CHECK(times.front() < begin + 10 * tick);
  for (size_t i = 2; i < times.size(); ++i)
    CHECK_EQUAL((times[i] - times[i - 1]).count(), std::chrono::nanoseconds{5min}.count());
}

TEST(the first answer comes soon and the second within an interval and a half) {
  for (int i = 0; i < 100; ++i) {
    query_schedule x{queries(), std::to_string(i)};
    auto times = times_of(x, begin);
    CHECK(times[1] - times[0] >= 150s - tick);
    CHECK(times[1] - times[0] <= 450s + tick);
  }
}

TEST(the first poll asks for all that the original shows) {
  auto original = queries()->queries();
  original[1].set = "original";
  for (int i = 0; i < 100; ++i) {
    query_schedule x{std::make_shared<const catalogue>(original), std::to_string(i)};
    auto times = times_of(x, begin);
    CHECK_EQUAL((times[0] - begin).count(), 0);
    CHECK(times[1] - times[0] >= 150s - tick);
    CHECK(times[1] - times[0] <= 450s + tick);
  }
}

TEST(a thousand backends are spread over the interval) {
  std::map<int64_t, int> by_poll;
  for (int i = 0; i < 1000; ++i) {
    query_schedule x{queries(), "backend" + std::to_string(i)};
    ++by_poll[(times_of(x, begin)[3] - begin).count()];
  }
  CHECK(by_poll.size() >= 29u);
  for (auto [when, n] : by_poll)
    CHECK(n < 70); // 33 on average
}

TEST(what can be sampled is asked between polls and at each poll) {
  auto all = queries()->queries();
  all[0].metrics.emplace_back().integral = true;
  auto both = std::make_shared<const catalogue>(all);
  query_schedule x{both, "a", 1s};
  x.start(begin, tick);
  CHECK(x.is_due(0, begin, tick));
  x.answered(0, begin, true);
  CHECK(!x.is_due_for_sample(0, begin + 300ms));
  CHECK(x.is_due_for_sample(0, begin + 1s));
  CHECK(!x.is_due_for_sample(1, begin + 1h));
  x.answered(0, begin + 9s, true);
  CHECK(x.is_due(0, begin + 10s, tick));
  // The budget has it less often, in the end less than with each poll.
  x.stretch(0, 4);
  CHECK(!x.is_due_for_sample(0, begin + 11s));
  CHECK(x.is_due_for_sample(0, begin + 13s));
  CHECK(x.is_due(0, begin + 10s, tick));
  x.stretch(0, 32);
  CHECK(!x.is_due(0, begin + 20s, tick));
  CHECK(x.keeps(0, begin + 20s, tick));
  CHECK(x.is_due(0, begin + 40s, tick));
  // Without `activity.sample` nothing is sampled.
  query_schedule y{both, "a"};
  CHECK(!y.is_due_for_sample(0, begin + 1h));
}

TEST(the phase is the same after a restart) {
  query_schedule x{queries(), "a"};
  query_schedule y{queries(), "a"};
  auto first = times_of(x, begin);
  auto second = times_of(y, begin + 7min);
  CHECK(std::set(first.begin(), first.end()).contains(second[2]));
}

TEST(rows are shown until the query is due again and two polls more) {
  query_schedule x{queries(), "a"};
  x.start(begin, tick);
  CHECK(!x.keeps(1, begin, tick)); // never answered
  x.answered(1, begin, true);
  x.answered(1, begin + 5min, false);
  CHECK(x.keeps(1, begin + 5min, tick));
  CHECK(!x.keeps(1, begin + 8min, tick));
  x.answered(0, begin, true);
  CHECK(!x.keeps(0, begin, tick));
}
