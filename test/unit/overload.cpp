// Intervals that grow when the slots do not suffice, and come back.
#define SUITE overload

#include "actors/scheduler/overload.hpp"

#include "test/unit/test.hpp"

#include <algorithm>
#include <cmath>
#include <random>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr round_load roomy{.held = 10s, .polled = 100, .due = 100, .late = 0};
constexpr round_load crowded{.held = 100s, .polled = 100, .due = 100, .late = 30};

/// A fleet whose polls all take the same time, on ten slots; what does not fit waits.
class model {
public:
  explicit model(double backends) : backends_{backends} {}

  /// A round at the interval in force.
  /// @param each Seconds that a poll takes.
  round_load round(double each, double interval) {
    auto possible = 10 * interval / each;
    auto wanted = backends_ + backlog_;
    auto polled = std::min(possible, wanted);
    auto waiting = wanted - polled;
    auto late = std::max(0.0, waiting - backends_ * 0.5);
    // Who waits already does not wait twice.
    backlog_ = std::min(waiting, backends_);
    oldest_ = std::max(oldest_, interval * (1 + backlog_ / backends_));
    return {caf::timespan{static_cast<int64_t>(polled * each * 1e9)}, static_cast<uint64_t>(polled),
            static_cast<uint64_t>(backends_), static_cast<uint64_t>(late)};
  }

  [[nodiscard]] double oldest() const { return oldest_; }

private:
  double backends_;
  double backlog_ = 0;
  double oldest_ = 0;
};

} // namespace

TEST(it begins with the configured interval) {
  overload x{10, 10s, 60s};
  CHECK_EQUAL(x.stretch(), 1.0);
  CHECK(!x.end_round(roomy));
  CHECK_EQUAL(x.stretch(), 1.0);
}

TEST(one late round is an accident) {
  overload x{10, 10s, 60s};
  CHECK(!x.end_round(crowded));
  CHECK(!x.end_round(roomy));
  CHECK(!x.end_round(crowded));
  CHECK_EQUAL(x.stretch(), 1.0);
}

TEST(two late rounds in a row stretch all intervals to what the polls need) {
  overload x{10, 10s, 60s};
  x.end_round(crowded);
  CHECK(x.end_round({.held = 100s, .polled = 100, .due = 170, .late = 70}));
  // 1.7 intervals are needed; at 2 the slots are taken for 85 %.
  CHECK_EQUAL(x.stretch(), 2.0);
}

TEST(no interval is longer than allowed) {
  overload x{10, 10s, 31s};
  for (int i = 0; i < 20; ++i)
    x.end_round({.held = 100s, .polled = 10, .due = 1000, .late = 990});
  CHECK_EQUAL(x.stretch(), 3.0);
  overload never{10, 30s, 31s};
  for (int i = 0; i < 20; ++i)
    CHECK(!never.end_round(crowded));
  CHECK_EQUAL(never.stretch(), 1.0);
}

TEST(intervals come back after six rounds with room) {
  overload x{10, 10s, 60s};
  x.end_round(crowded);
  x.end_round(crowded);
  CHECK_EQUAL(x.stretch(), 1.25);
  for (int i = 0; i < 5; ++i)
    CHECK(!x.end_round(roomy));
  CHECK(x.end_round(roomy));
  CHECK_EQUAL(x.stretch(), 1.0);
}

TEST(a round without room begins the wait anew) {
  overload x{10, 10s, 60s};
  x.end_round(crowded);
  x.end_round(crowded);
  for (int i = 0; i < 5; ++i)
    x.end_round(roomy);
  x.end_round({.held = 90s, .polled = 100, .due = 100, .late = 0});
  for (int i = 0; i < 5; ++i)
    CHECK(!x.end_round(roomy));
  CHECK(x.end_round(roomy));
}

TEST(another configuration keeps what it allows) {
  overload x{10, 10s, 600s};
  for (int i = 0; i < 4; ++i)
    x.end_round({.held = 100s, .polled = 100, .due = 500, .late = 400});
  CHECK(x.stretch() >= 5);
  x.configure(20, 10s, 25s);
  CHECK_EQUAL(x.stretch(), 2.5);
}

TEST(a fleet that is too large settles and nobody starves) {
  overload x{10, 10s, 160s};
  model fleet{1500};
  size_t changes = 0;
  for (double t = 0; t < 3600; t += 10 * x.stretch())
    changes += x.end_round(fleet.round(0.1, 10 * x.stretch())) ? 1 : 0;
  CHECK(x.stretch() >= 1.5);
  CHECK(x.stretch() <= 2.5);
  CHECK(changes <= 4);
  CHECK(fleet.oldest() <= 50);
}

TEST(costs that wander change the intervals a few times an hour) {
  auto seed = std::random_device{}();
  std::mt19937 random{seed};
  std::uniform_real_distribution<double> noise{0.8, 1.25};
  overload x{10, 10s, 160s};
  model fleet{1000};
  size_t changes = 0;
  for (double t = 0; t < 3600; t += 10 * x.stretch()) {
    auto each = 0.1 * (1 + 0.4 * std::sin(t / 300)) * noise(random);
    changes += x.end_round(fleet.round(each, 10 * x.stretch())) ? 1 : 0;
  }
  if (changes > 12)
    CAF_FAIL("seed " << seed << ": " << changes << " changes");
}
