// What each result takes of our CPU time.
#define SUITE own_time

#include "actors/backend/own_time.hpp"

#include "test/unit/test.hpp"

#include <vector>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// CPU time that passes when a test says so.
struct fixture {
  caf::timespan time{1h};
  own_time x{[this] { return time; }};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(own_time_tests, fixture)

TEST(results that come at once are told apart) {
  x.resume();
  time += 3ms;
  CHECK_EQUAL(x.lap(), caf::timespan{3ms});
  time += 1ms;
  CHECK_EQUAL(x.lap(), caf::timespan{1ms});
}

TEST(a result in pieces takes what all of them do and not the time between) {
  x.resume();
  time += 2ms;
  x.pause();
  time += 1h;
  x.resume();
  time += 3ms;
  CHECK_EQUAL(x.lap(), caf::timespan{5ms});
  x.pause();
  x.resume();
  CHECK_EQUAL(x.lap(), caf::timespan{0});
}

TEST(another thread has its own time) {
  x.resume();
  time += 2ms;
  x.pause();
  time = 0ms;
  x.resume();
  time += 4ms;
  CHECK_EQUAL(x.lap(), caf::timespan{6ms});
}

TEST(a flight does not pay for what came before) {
  x.resume();
  time += 2ms;
  x.pause();
  x.reset();
  x.resume();
  time += 1ms;
  CHECK_EQUAL(x.lap(), caf::timespan{1ms});
}

CAF_TEST_FIXTURE_SCOPE_END()

TEST(nothing is measured without a clock) {
  own_time x;
  x.resume();
  x.pause();
  CHECK_EQUAL(x.lap(), caf::timespan{0});
}

TEST(work takes CPU time of this thread) {
  auto before = thread_cpu_time();
  std::vector<int> work(1000);
  while (thread_cpu_time() == before)
    work[work[0]++ % 1000] += 1;
  CHECK(thread_cpu_time() > before);
}
