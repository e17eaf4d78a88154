// An hour of vital signs: rates, resets, gaps, what falls out at its end.
#define SUITE vital_history

#include "actors/registry/vital_history.hpp"

#include "test/unit/test.hpp"

#include <memory>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using sign = vital_sign;
using time_point = vital_history::time_point;

constexpr auto everything = ~uint32_t{0};

struct fixture {
  /// A poll brings transactions and lag at so many seconds.
  void poll(std::chrono::milliseconds when, double transactions, double lag = 0,
            uint32_t fresh = everything) {
    vital_reading x;
    x.values[sign::transactions] = transactions;
    x.values[sign::lag] = lag;
    x.fresh = fresh;
    x.when = start + when;
    x.took = 5ms;
    history->add(x);
  }

  void look(std::chrono::milliseconds when, bool up) { history->look(start + when, up); }

  vital_hour hour(std::chrono::milliseconds when) const { return history->hour(start + when); }

  double rate() const { return history->newest().shown[sign::transactions]; }

  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  time_point start{300'000s}; ///< Where a point begins.
  std::unique_ptr<vital_history> history = std::make_unique<vital_history>();
};

} // namespace

FIXTURE_SCOPE(vital_history_tests, fixture)

TEST(nothing is known before the first poll) {
  CHECK(hour(0s).points.empty());
  CHECK(!history->newest().values.has(sign::lag));
  CHECK(history->newest().when == time_point{});
}

TEST(a counter is what was counted a second) {
  poll(0s, 1000);
  CHECK(std::isnan(rate()));
  CHECK(std::isnan(hour(0s).points.at(0).signs[sign::transactions]));
  poll(10s, 1100);
  CHECK_EQUAL(rate(), 10);
  CHECK(history->newest().values[sign::transactions] == 1100);
  poll(20s, 1500);
  CHECK_EQUAL(rate(), 40);
  auto x = hour(20s);
  REQUIRE(x.points.size() == 1u);
  CHECK_EQUAL(x.points[0].signs[sign::transactions], 25);
  CHECK(x.end == start + 30s);
}

TEST(a gauge is the highest of its time) {
  poll(0s, 0, 3);
  poll(10s, 0, 12);
  poll(20s, 0, 5);
  poll(30s, 0, 1);
  auto x = hour(30s);
  REQUIRE(x.points.size() == 2u);
  CHECK_EQUAL(x.points[0].signs[sign::lag], 12);
  CHECK_EQUAL(x.points[1].signs[sign::lag], 1);
  CHECK(history->newest().shown[sign::lag] == 1);
  CHECK(std::abs(x.points[0].took - 0.005) < 1e-5);
}

TEST(what goes back was reset and has no rate until it is read again) {
  poll(0s, 1000);
  poll(10s, 1100);
  poll(20s, 50);
  CHECK(std::isnan(rate()));
  CHECK(hour(20s).points[0].signs[sign::transactions] == 10);
  poll(25s, 100);
  CHECK_EQUAL(rate(), 10);
}

TEST(what is not asked each time is counted over the time in between) {
  poll(0s, 1000);
  poll(10s, 1000, 0, 0);
  CHECK(std::isnan(rate()));
  poll(20s, 1400);
  CHECK_EQUAL(rate(), 20);
  poll(25s, 1400, 0, 0);
  CHECK_EQUAL(rate(), 20);
  CHECK(hour(25s).points[0].signs[sign::transactions] == 20);
}

TEST(what is not asked each time keeps its value) {
  poll(0s, 0, 4);
  poll(30s, 0, 4, 0);
  CHECK(hour(30s).points.at(1).signs[sign::lag] == 4);
}

TEST(what is no longer known has no rate) {
  poll(0s, 1000);
  poll(10s, 1100);
  poll(20s, unknown, unknown, 0);
  CHECK(std::isnan(rate()));
  CHECK(!history->newest().values.has(sign::lag));
  poll(30s, 5000);
  CHECK(std::isnan(rate()));
}

TEST(up is a share of the time) {
  poll(0s, 0);
  look(1s, true);
  look(2s, true);
  look(3s, false);
  look(4s, true);
  CHECK(hour(4s).points.at(0).up == 0.75);
  look(31s, false);
  CHECK(hour(31s).points.at(1).up == 0);
  CHECK(!hour(31s).points.at(1).signs.has(sign::lag));
}

TEST(what answers after an outage may be another server) {
  poll(0s, 1000);
  poll(10s, 1100);
  look(12s, false);
  CHECK(std::isnan(rate()));
  poll(20s, 900'000);
  CHECK(std::isnan(rate()));
  CHECK(hour(20s).points[0].signs[sign::transactions] == 10);
  poll(30s, 900'050);
  CHECK_EQUAL(rate(), 5);
}

TEST(a time without polls is a gap) {
  poll(0s, 1000);
  poll(120s, 1120);
  auto x = hour(120s);
  REQUIRE(x.points.size() == 5u);
  for (size_t i = 1; i < 4; ++i)
    CHECK(!x.points[i].signs.has(sign::lag) && std::isnan(x.points[i].up));
  CHECK_EQUAL(x.points[4].signs[sign::transactions], 1);
}

TEST(only the last hour is kept) {
  for (int i = 0; i < 300; ++i)
    poll(i * 30s, i * 30, i);
  auto x = hour(299 * 30s);
  REQUIRE(x.points.size() == vital_history::length);
  CHECK_EQUAL(x.points.front().signs[sign::lag], 180);
  CHECK_EQUAL(x.points.back().signs[sign::lag], 299);
  CHECK_EQUAL(x.points.front().signs[sign::transactions], 1);
  CHECK(x.end == start + 300 * 30s);
}

TEST(nothing of before is there after a long time without a look) {
  for (int i = 0; i < 130; ++i)
    poll(i * 30s, 0, 7);
  poll(1000h, 0, 9);
  auto x = hour(1000h);
  REQUIRE(x.points.size() == vital_history::length);
  CHECK(!x.points.front().signs.has(sign::lag));
  CHECK(!x.points[vital_history::length - 2].signs.has(sign::lag));
  CHECK_EQUAL(x.points.back().signs[sign::lag], 9);
}

TEST(who reads later than it was written sees what is not known yet) {
  poll(0s, 0, 7);
  auto x = hour(60s);
  REQUIRE(x.points.size() == 3u);
  CHECK_EQUAL(x.points[0].signs[sign::lag], 7);
  CHECK(!x.points[2].signs.has(sign::lag));
  CHECK(hour(2h).points.size() == vital_history::length);
}

TEST(a poll that ends as a look is on its way counts for the point under way) {
  poll(0s, 0, 7);
  look(30s, true);
  poll(29s, 0, 9);
  auto x = hour(30s);
  REQUIRE(x.points.size() == 2u);
  CHECK_EQUAL(x.points[0].signs[sign::lag], 7);
  CHECK_EQUAL(x.points[1].signs[sign::lag], 9);
}

TEST(it takes little memory) {
  CHECK(sizeof(vital_history) < 6u * 1024);
}

FIXTURE_SCOPE_END()
