// Which of many failures are news.
#define SUITE outage

#include "actors/backend/outage.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(an outage is news when it begins and when it changes and every ten minutes) {
  outage x;
  outage::time_point now{};
  CHECK(x.failed(failure::refused, 3, now) == outage::news::failing);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::nothing);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::lasting);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::nothing);
  CHECK(x.failed(failure::starting_up, 3, now) == outage::news::failing);
  CHECK(x.failed(failure::starting_up, 3, now + 9min) == outage::news::nothing);
  CHECK(x.failed(failure::starting_up, 3, now + 10min) == outage::news::reminder);
  auto past = x.ended(now + 11min);
  REQUIRE(past.has_value());
  CHECK_EQUAL(past->failures, 7u);
  CHECK_EQUAL(past->lasted.count(), 660);
  CHECK(!x.ended(now).has_value());
}
