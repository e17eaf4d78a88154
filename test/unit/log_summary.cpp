// What many backends say alike.
#define SUITE log_summary

#include "actors/backend/log_summary.hpp"

#include "test/unit/test.hpp"

#include <chrono>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture {
  bool fails(int backend, std::string_view kind = "refused") {
    return log.worth_a_line(spdlog::level::warn, kind, "b" + std::to_string(backend), now);
  }

  size_t written(int from, int to) {
    size_t result = 0;
    for (int i = from; i < to; ++i)
      result += fails(i) ? 1 : 0;
    return result;
  }

  std::vector<std::string> summaries_after(std::chrono::seconds x) {
    now += x;
    std::vector<std::string> result;
    for (auto& y : log.sum_up(now))
      result.push_back(std::move(y.text));
    return result;
  }

  log_summary log;
  log_summary::time_point now{1h};
};

using lines = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_summary_tests, fixture)

TEST(a few backends are told one by one) {
  CHECK_EQUAL(written(0, 5), 5u);
  CHECK_EQUAL(summaries_after(10min), lines{});
}

TEST(thousands cost five lines and one) {
  CHECK_EQUAL(written(0, 4875), 5u);
  CHECK_EQUAL(summaries_after(9s), lines{});
  CHECK_EQUAL(summaries_after(1s),
              lines{"4,870 more backends: refused, for instance b10, b100, b1000"});
  CHECK_EQUAL(summaries_after(10min), lines{});
}

TEST(a kind that goes on has one line a minute) {
  written(0, 100);
  CHECK_EQUAL(summaries_after(10s).size(), 1u);
  for (int minute = 0; minute < 3; ++minute) {
    CHECK_EQUAL(written(0, 100), 0u);
    CHECK_EQUAL(summaries_after(59s), lines{});
    CHECK_EQUAL(summaries_after(1s), lines{"100 more backends: refused, for instance b0, b1, b10"});
  }
}

TEST(after a quiet minute lines are written again) {
  written(0, 100);
  summaries_after(10s);
  now += 60s;
  CHECK_EQUAL(written(0, 5), 5u);
}

TEST(a backend that says it often is counted once) {
  written(0, 5);
  for (int i = 0; i < 20; ++i)
    fails(7);
  CHECK_EQUAL(summaries_after(10s), lines{"1 more backends: refused: b7"});
}

TEST(kinds do not hide each other) {
  written(0, 100);
  CHECK(fails(1, "dns"));
  CHECK_EQUAL(summaries_after(10s).size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
