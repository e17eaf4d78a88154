// What of a trouble that comes back is worth a line.
#define SUITE complaint

#include "actors/backend/complaint.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

using news = complaint::news;

TEST(a failure is news when it begins and when it changes and every ten minutes) {
  complaint trouble;
  complaint::time_point now{};
  CHECK(trouble.failed("42P01 relation does not exist", now) == news::begins);
  CHECK(trouble.failed("42P01 relation does not exist", now + 1s) == news::nothing);
  CHECK(trouble.failed("42501 permission denied", now + 2s) == news::changes);
  CHECK(trouble.failed("42501 permission denied", now + 9min) == news::nothing);
  CHECK(trouble.failed("42501 permission denied", now + 10min + 2s) == news::lasts);
  CHECK(trouble.failed("42501 permission denied", now + 11min) == news::nothing);
  auto past = trouble.ended(now + 12min);
  REQUIRE(past.has_value());
  CHECK_EQUAL(past->failures, 6u);
  CHECK_EQUAL(past->lasted.count(), 720);
  CHECK(!trouble.ended(now + 13min));
}

TEST(the same failure is news again when it has ended in between) {
  complaint trouble;
  complaint::time_point now{};
  CHECK(trouble.failed("42P01", now) == news::begins);
  CHECK(trouble.ended(now + 1s).has_value());
  CHECK(trouble.failed("42P01", now + 2s) == news::begins);
}

TEST(numbers make no other failure) {
  complaint trouble;
  complaint::time_point now{};
  CHECK(trouble.failed("55P03 lock held by 4711", now) == news::begins);
  CHECK(trouble.failed("55P03 lock held by 815", now + 1s) == news::nothing);
}

TEST(what flaps is news a few times only) {
  complaint trouble;
  complaint::time_point now{};
  auto lines = 0;
  for (auto i = 0; i < 200; ++i) {
    lines += trouble.failed("42P01", now + i * 2s) == news::nothing ? 0 : 1;
    lines += trouble.ended(now + i * 2s + 1s) ? 1 : 0;
  }
  CHECK_EQUAL(lines, 16);
}

TEST(what changes all the time is news a few times only) {
  complaint trouble;
  complaint::time_point now{};
  auto lines = 0;
  for (auto i = 0; i < 590; ++i)
    lines += trouble.failed(i % 2 == 0 ? "42P01" : "42501", now + i * 1s) == news::nothing ? 0 : 1;
  CHECK_EQUAL(lines, 8);
  CHECK(trouble.failed("42P01", now + 10min) != news::nothing);
}
