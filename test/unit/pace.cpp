// How often a backend is worth asking.
#define SUITE pace

#include "actors/scheduler/pace.hpp"

#include "test/unit/test.hpp"

#include <cmath>
#include <limits>

using namespace pgstatsmon;

namespace {

struct fixture {
  double after(const liveliness& x, int polls) {
    for (int i = 0; i < polls; ++i)
      own.follow(x, 5, 12);
    return own.times();
  }

  pace own;
};

constexpr liveliness idle{.transactions = 1};

} // namespace

FIXTURE_SCOPE(pace_tests, fixture)

TEST(a backend begins with the shortest interval) {
  CHECK_EQUAL(own.times(), 1.0);
  CHECK(own.why() == pace_reason::fixed);
}

TEST(an idle server is asked less often after three polls and then again) {
  CHECK_EQUAL(after(idle, 2), 1.0);
  CHECK_EQUAL(after(idle, 1), 2.0);
  CHECK_EQUAL(after(idle, 3), 4.0);
  CHECK_EQUAL(after(idle, 30), 8.0); // 16 would be more than 12
  CHECK(own.why() == pace_reason::transactions);
}

TEST(a busy server is asked as often as allowed at once) {
  after(idle, 30);
  CHECK_EQUAL(after({.transactions = 5000}, 1), 1.0);
}

TEST(transactions say how often) {
  // 1000 in 10 s: two shortest intervals.
  CHECK_EQUAL(after({.transactions = 100}, 30), 2.0);
}

TEST(trouble makes it as often as allowed) {
  after(idle, 30);
  CHECK_EQUAL(after({.transactions = 0, .waiting = 1}, 1), 1.0);
  CHECK(own.why() == pace_reason::waiting);
  after(idle, 30);
  CHECK_EQUAL(after({.transactions = 0, .lag = 1.5}, 1), 1.0);
  CHECK(own.why() == pace_reason::lag);
  after(idle, 30);
  CHECK_EQUAL(after({.transactions = 0, .changed = true}, 1), 1.0);
  CHECK(own.why() == pace_reason::changed);
}

TEST(a server that says nothing has the shortest interval) {
  after(idle, 30);
  CHECK_EQUAL(after({.transactions = std::numeric_limits<double>::quiet_NaN()}, 1), 1.0);
  CHECK(own.why() == pace_reason::fixed);
}

TEST(one lively poll among idle ones begins the wait anew) {
  after(idle, 2);
  after({.transactions = 150}, 1);
  CHECK_EQUAL(after(idle, 2), 1.0);
  CHECK_EQUAL(after(idle, 1), 2.0);
}

TEST(a narrower range holds at once) {
  after(idle, 30);
  own.follow(idle, 5, 2);
  CHECK_EQUAL(own.times(), 2.0);
  own.follow(idle, 5, 1);
  CHECK_EQUAL(own.times(), 1.0);
}

FIXTURE_SCOPE_END()
