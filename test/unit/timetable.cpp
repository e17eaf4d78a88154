// When each backend is due: phases, intervals, order.
#define SUITE timetable

#include "actors/scheduler/timetable.hpp"

#include "test/unit/test.hpp"

#include <algorithm>
#include <map>
#include <string>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = timetable::time_point;

struct fixture {
  void add(incarnation life) { table.add(life, "backend" + std::to_string(life), now); }

  /// Takes what falls due in a span, step by step.
  std::map<incarnation, size_t> taken_in(caf::timespan span) {
    std::map<incarnation, size_t> result;
    for (auto end = now + span; table.next() && *table.next() <= end;) {
      now = *table.next();
      auto together = table.take_due(now);
      most_together = std::max(most_together, together.size());
      for (auto life : together)
        ++result[life];
    }
    now = start + span;
    return result;
  }

  time_point start = time_point{} + 1000003s;
  time_point now = start;
  timetable table{10s};
  size_t most_together = 0;
};

} // namespace

FIXTURE_SCOPE(timetable_tests, fixture)

TEST(nothing is due without backends) {
  CHECK(!table.next());
  CHECK(table.take_due(now).empty());
}

TEST(each backend is due once in an interval) {
  for (incarnation i = 1; i <= 100; ++i)
    add(i);
  auto taken = taken_in(60s);
  CHECK_EQUAL(taken.size(), 100u);
  CHECK(std::ranges::all_of(taken, [](const auto& x) { return x.second == 6; }));
}

TEST(backends are spread over the interval) {
  for (incarnation i = 1; i <= 1000; ++i)
    add(i);
  taken_in(10s);
  // 64 moments with 15.6 each on average; five standard deviations more.
  CHECK(most_together <= 36);
  CHECK(most_together > 1);
}

TEST(the phase is that of the identity) {
  add(1);
  timetable other{10s};
  other.add(7, "backend1", now + 3s);
  auto apart = other.due(7) - table.due(1);
  CHECK(apart == 0s || apart == 10s);
}

TEST(what was missed is not made up for) {
  add(1);
  now += 1h;
  CHECK_EQUAL(table.take_due(now).size(), 1u);
  CHECK(table.take_due(now).empty());
  CHECK(*table.next() > now);
  CHECK(*table.next() <= now + 10s);
}

TEST(a removed backend is not due) {
  add(1);
  add(2);
  table.remove(1);
  table.remove(1);
  auto taken = taken_in(10s);
  CHECK_EQUAL(taken.size(), 1u);
  CHECK(taken.contains(2));
}

TEST(another interval holds at once) {
  for (incarnation i = 1; i <= 10; ++i)
    add(i);
  table.set_interval(2s, now);
  CHECK_EQUAL(table.interval(3), caf::timespan{2s});
  auto taken = taken_in(10s);
  CHECK(std::ranges::all_of(taken, [](const auto& x) { return x.second == 5; }));
}

TEST(one backend may have a longer interval than the others) {
  add(1);
  add(2);
  table.set_pace(2, 4, now);
  table.set_pace(99, 4, now);
  CHECK_EQUAL(table.interval(2), caf::timespan{40s});
  auto taken = taken_in(120s);
  CHECK_EQUAL(taken[1], 12u);
  CHECK_EQUAL(taken[2], 3u);
  now = start + 120s;
  table.set_pace(2, 1, now);
  CHECK(table.due(2) <= now + 10s);
}

TEST(an interval of a few nanoseconds is no trouble) {
  timetable tiny{caf::timespan{3}};
  tiny.add(1, "x", now);
  CHECK_EQUAL(tiny.take_due(now + 3ns).size(), 1u);
}

FIXTURE_SCOPE_END()
