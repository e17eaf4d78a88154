// A lag in seconds from where a server was in its WAL, and when.
#define SUITE wal_history

#include "actors/fleet/wal_history.hpp"

#include "test/unit/test.hpp"

#include <cmath>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = wal_history::time_point;

time_point at(double seconds) {
  return time_point{}
         + std::chrono::duration_cast<time_point::duration>(std::chrono::duration<double>{seconds});
}

bool is(const std::optional<wal_history::age>& x, double seconds, bool at_least = false) {
  return x && std::abs(x->seconds - seconds) < 1e-6 && x->at_least == at_least;
}

} // namespace

TEST(without a look nothing is known) {
  CHECK(!wal_history{}.since(1));
}

TEST(who is level or ahead has no lag) {
  wal_history x;
  x.add(at(10), 100);
  CHECK(is(x.since(100), 0));
  CHECK(is(x.since(101), 0));
  x.add(at(20), 200);
  CHECK(is(x.since(200), 0));
}

TEST(between two looks it has written evenly) {
  wal_history x;
  x.add(at(10), 100);
  x.add(at(20), 200);
  CHECK(is(x.since(150), 5));
  CHECK(is(x.since(101), 9.9));
  CHECK(is(x.since(100), 10));
}

TEST(an idle server is left when it writes again) {
  wal_history x;
  for (int i = 0; i <= 1000; ++i)
    x.add(at(10. * i), 100);
  CHECK(x.points() <= 2u);
  CHECK(is(x.since(100), 0));
  x.add(at(10'010), 200);
  // It was there until the look before, whatever stood still how long.
  CHECK(is(x.since(100), 10));
  CHECK(is(x.since(150), 5));
  x.add(at(10'020), 200);
  x.add(at(10'030), 300);
  CHECK(is(x.since(100), 30));
  CHECK(is(x.since(200), 10));
}

TEST(what is older than the first look is at least as old) {
  wal_history x;
  x.add(at(10), 100);
  x.add(at(20), 200);
  CHECK(is(x.since(50), 10, true));
}

TEST(what was lost in a failover is forgotten) {
  wal_history x;
  x.add(at(10), 100);
  x.add(at(20), 200);
  x.add(at(30), 300);
  x.add(at(40), 250);
  CHECK(is(x.since(250), 0));
  CHECK(is(x.since(200), 20));
  x.add(at(50), 400);
  CHECK(is(x.since(250), 10));
  x.add(at(45), 500);
  CHECK(is(x.since(400), 0));
}

TEST(a server that begins anew has no past) {
  wal_history x;
  x.add(at(10), 100);
  x.add(at(20), 200);
  x.add(at(30), 50);
  CHECK(is(x.since(50), 0));
  CHECK(is(x.since(49), 0, true));
}

TEST(a day fits with errors in proportion) {
  wal_history x;
  // Bursts and pauses.
  std::vector<uint64_t> truth;
  uint64_t position = 1;
  for (uint64_t i = 0; i <= 8640; ++i) {
    truth.push_back(position);
    x.add(at(10. * static_cast<double>(i)), position);
    position += i / 60 % 3 == 0 ? 0 : 1000 + (i * 7919) % 5000;
  }
  CHECK(x.points() <= wal_history::max_points);
  auto worst = 0.0;
  for (uint64_t i = 0; i < 8640; i += 7) {
    auto found = x.since(truth[i]);
    REQUIRE(found);
    // An idle server is left at the end of its pause.
    auto left = i;
    while (left < 8640 && truth[left + 1] == truth[i])
      ++left;
    auto lag = 10. * static_cast<double>(8640 - left);
    auto error = std::abs(found->seconds - lag);
    worst = std::max(worst, error / std::max(lag, 100.));
  }
  CHECK(worst < 0.2);
}

TEST(steady writing is known exactly) {
  wal_history x;
  for (int i = 0; i <= 5000; ++i)
    x.add(at(i), static_cast<uint64_t>(1000 + 10 * i));
  CHECK(is(x.since(1000 + 10 * 1234), 5000 - 1234));
}
