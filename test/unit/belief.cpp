// The second-look rule, and when a source that failed is asked again.
#define SUITE belief
#include "actors/discovery/belief.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/retry.hpp"

#include <random>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using list = std::vector<std::string>;

list first(size_t n) {
  list result;
  for (size_t i = 0; i < n; ++i)
    result.push_back("backend" + std::to_string(i));
  return result;
}

constexpr belief::time_point start{};

} // namespace

TEST(a list is suspicious when it is empty or less than half of four or more) {
  shrink_settings limits;
  CHECK(suspicious(1, 0, limits));
  CHECK(suspicious(4, 1, limits));
  CHECK(suspicious(100, 49, limits));
  CHECK(!suspicious(0, 0, limits));
  CHECK(!suspicious(3, 1, limits));
  CHECK(!suspicious(4, 2, limits));
  CHECK(!suspicious(100, 50, limits));
  CHECK(!suspicious(4, 400, limits));
  limits.below = 0.9;
  limits.at_least = 2;
  CHECK(suspicious(2, 1, limits));
  CHECK(suspicious(100, 89, limits));
  CHECK(!suspicious(100, 90, limits));
}

TEST(one wrong answer never drops a fleet) {
  belief x{{}};
  CHECK(x.judge(first(10), start));
  CHECK(!x.judge({}, start + 1min));
  CHECK(x.doubting());
  CHECK(x.second_look() == start + 1min + 10s);
  CHECK(x.judge(first(10), start + 1min + 10s));
  CHECK(!x.doubting());
  CHECK_EQUAL(x.size(), 10u);
}

TEST(a second look that says the same is believed) {
  belief x{{}};
  x.assume(first(10));
  CHECK(!x.judge({"b", "a"}, start));
  CHECK(x.judge({"a", "b"}, start + 10s));
  CHECK_EQUAL(x.size(), 2u);
}

TEST(a second look that comes too early says nothing) {
  belief x{{}};
  x.assume(first(10));
  CHECK(!x.judge({}, start));
  CHECK(!x.judge({}, start + 9999ms));
  CHECK(x.second_look() == start + 10s);
  CHECK(x.judge({}, start + 10s));
}

TEST(another suspicious list begins anew) {
  belief x{{}};
  x.assume(first(10));
  CHECK(!x.judge({}, start));
  CHECK(!x.judge({"a"}, start + 10s));
  CHECK(!x.judge({}, start + 20s));
  CHECK(x.judge({}, start + 30s));
}

TEST(a failure in between begins anew) {
  belief x{{}};
  x.assume(first(10));
  CHECK(!x.judge({}, start));
  x.forget_doubt();
  CHECK(!x.judge({}, start + 10s));
  CHECK(x.judge({}, start + 20s));
}

TEST(no sequence of answers drops a fleet without saying so twice) {
  std::mt19937 random{7};
  belief x{{}};
  size_t believed = 0;
  auto last = first(0);
  auto now = start;
  for (int i = 0; i < 5000; ++i) {
    auto answer = first(random() % 12);
    now += std::chrono::seconds{random() % 20};
    if (x.judge(answer, now)) {
      CHECK(!suspicious(believed, answer.size(), {}) || answer == last);
      believed = answer.size();
    }
    REQUIRE(x.size() == believed);
    last = answer;
  }
}

TEST(retries begin at a second and end at the poll interval) {
  CHECK(retry_delay(1, 60s, 0) == 1250ms);
  CHECK(retry_delay(1, 60s, 0.999999) >= 1s);
  CHECK(retry_delay(2, 60s, 0) == 2500ms);
  CHECK(retry_delay(6, 60s, 0) == 40s);
  CHECK(retry_delay(7, 60s, 0) == 60s);
  CHECK(retry_delay(4'000'000'000, 60s, 0) == 60s);
  CHECK(retry_delay(4'000'000'000, 60s, 0.999999) >= 48s);
  CHECK(retry_delay(1, 200ms, 0) == 200ms);
}
