// Tracepoints: the JSON that those who watch get.
#define SUITE trace_points
#include "actors/trace_points.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(a result is its rows and its time) {
  auto rows = test::make_rows({"a"}, {{"1"}, {"2"}});
  CHECK_EQUAL(trace::result_json(rows.get(), 1500us), R"({"rows":2,"time_ms":1.5})");
  CHECK_EQUAL(trace::result_json(nullptr, 0us), R"({"rows":0,"time_ms":0.0})");
}
