// Gauges that are added up over time.
#define SUITE time_sums

#include "actors/registry/time_sums.hpp"

#include "test/unit/test.hpp"

#include <fmt/format.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = time_sums::time_point;

query_definition waits() {
  query_definition result;
  result.name = "waits";
  result.labels = {"event"};
  result.metrics = {{"sessions", "waits_sessions", "Now.", metric_type::gauge},
                    {"seconds", "waits_seconds_total", "Ever.", metric_type::counter}};
  result.metrics[1].integral = true;
  return result;
}

struct fixture {
  /// Reads how many sessions wait for what.
  section read(const std::vector<std::pair<std::string, double>>& rows,
               std::chrono::milliseconds later) {
    section all{2};
    for (const auto& [labels, sessions] : rows) {
      all.add_row(labels);
      all.set(0, sessions);
      all.set(1, sessions);
    }
    now += later;
    return sums.add(all, now);
  }

  query_definition definition = waits();
  time_sums sums{definition};
  time_point now{};
};

} // namespace

FIXTURE_SCOPE(time_sums_tests, fixture)

TEST(the first read begins at zero) {
  auto shown = read({{"a", 3}}, 10s);
  CHECK_EQUAL(shown.value(0, 0), 3);
  CHECK_EQUAL(shown.value(0, 1), 0);
}

TEST(a value counts for the time since the read before) {
  read({{"a", 3}}, 10s);
  CHECK_EQUAL(read({{"a", 2}}, 10s).value(0, 1), 20);
  CHECK_EQUAL(read({{"a", 4}}, 500ms).value(0, 1), 22);
}

TEST(who is not there keeps the sum and has nothing else) {
  read({{"a", 1}}, 10s);
  read({{"a", 1}}, 10s);
  auto shown = read({{"b", 2}}, 10s);
  REQUIRE(shown.rows() == 2);
  CHECK_EQUAL(shown.labels(0), "b");
  CHECK_EQUAL(shown.value(0, 1), 20);
  CHECK_EQUAL(shown.labels(1), "a");
  CHECK(is_absent(shown.value(1, 0)));
  CHECK_EQUAL(shown.value(1, 1), 10);
  CHECK_EQUAL(read({{"a", 1}}, 10s).value(0, 1), 20);
}

TEST(a long silence is not made up for) {
  read({{"a", 1}}, 10s);
  CHECK_EQUAL(read({{"a", 1}}, 1000s).value(0, 1), 120);
}

TEST(who was not seen for an hour is forgotten) {
  read({{"a", 1}}, 10s);
  for (int i = 0; i < 60; ++i)
    CHECK_EQUAL(read({}, 60s).rows(), 1u);
  CHECK_EQUAL(read({}, 60s).rows(), 0u);
}

TEST(a thousand rows are remembered and others have no sum) {
  std::vector<std::pair<std::string, double>> many;
  for (int i = 0; i < 1500; ++i)
    many.emplace_back(fmt::format("x{}", i), 1);
  auto shown = read(many, 10s);
  CHECK_EQUAL(shown.rows(), 1500u);
  CHECK(!is_absent(shown.value(999, 1)));
  CHECK(is_absent(shown.value(1000, 1)));
  CHECK_EQUAL(read({}, 10s).rows(), 1000u);
}

TEST(what is unknown adds nothing) {
  read({{"a", 1}}, 10s);
  CHECK_EQUAL(read({{"a", absent_sample()}}, 10s).value(0, 1), 0);
}

FIXTURE_SCOPE_END()
