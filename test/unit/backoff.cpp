// Waiting times after failures.
#define SUITE backoff

#include "actors/backend/backoff.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(waiting times double up to the most and are spread) {
  backoff x;
  CHECK_EQUAL(x.next(0.5), caf::timespan{1s});
  CHECK_EQUAL(x.next(0.0), caf::timespan{1600ms});
  CHECK_EQUAL(x.next(1.0), caf::timespan{4800ms});
  CHECK_EQUAL(x.next(0.5), caf::timespan{5s});
  CHECK_EQUAL(x.next(0.5), caf::timespan{5s});
  x.reset();
  CHECK_EQUAL(x.next(0.5), caf::timespan{1s});
}
