// Sections and blocks: rows in, rows out.
#define SUITE block
#include "actors/registry/block.hpp"

#include "test/unit/test.hpp"

#include <cmath>
#include <limits>

using namespace pgstatsmon;

TEST(an absent sample is told from every other number) {
  CHECK(is_absent(absent_sample()));
  for (double x :
       {0.0, HUGE_VAL, std::nan(""), -std::nan(""), std::numeric_limits<double>::signaling_NaN()})
    CHECK(!is_absent(x));
}

TEST(a section keeps labels and values by row) {
  section rows{2};
  rows.reserve(2, 10);
  rows.add_row("a=\"1\"");
  rows.set(0, 1);
  rows.set(1, 2);
  rows.add_row("");
  rows.set(1, 3);
  rows.add_row("a=\"3\"");
  rows.shrink();
  CHECK_EQUAL(rows.rows(), 3u);
  CHECK_EQUAL(rows.labels(0), "a=\"1\"");
  CHECK_EQUAL(rows.labels(1), "");
  CHECK_EQUAL(rows.labels(2), "a=\"3\"");
  CHECK_EQUAL(rows.value(0, 0), 1);
  CHECK_EQUAL(rows.value(0, 1), 2);
  CHECK(is_absent(rows.value(1, 0)));
  CHECK_EQUAL(rows.value(1, 1), 3);
  CHECK_EQUAL(rows.series(), 3u);
  CHECK_EQUAL(rows.label_bytes(), 10u);
}

TEST(a block has a section for each query) {
  auto queries = std::make_shared<const catalogue>(std::vector<query_definition>(3));
  section rows{1};
  rows.add_row("");
  rows.set(0, 1);
  block samples{queries, {nullptr, std::make_shared<const section>(rows)}};
  CHECK_EQUAL(samples.size(), 3u);
  CHECK_EQUAL(samples.of(1).rows(), 1u);
  CHECK_EQUAL(samples.series(), 1u);
}
