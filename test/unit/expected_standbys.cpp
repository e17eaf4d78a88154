// Who is missed.
#define SUITE expected_standbys

#include "actors/fleet/expected_standbys.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(who was there is missed for a day) {
  expected_standbys x;
  x.begin();
  x.seen("k", "name", "up", 1000);
  x.end(1000);
  CHECK(x.all().at("k").attached);
  x.begin();
  x.end(1000 + expected_standbys::memory);
  REQUIRE(x.all().contains("k"));
  CHECK(!x.all().at("k").attached);
  CHECK_EQUAL(x.all().at("k").upstream, "up");
  x.end(1001 + expected_standbys::memory);
  CHECK(x.all().empty());
}

TEST(no more are remembered than there is room for) {
  expected_standbys x;
  x.begin();
  for (size_t i = 0; i < expected_standbys::most; ++i)
    x.seen(std::to_string(i), "n", "u", 1000 + static_cast<double>(i));
  x.seen("more", "n", "u", 5000);
  CHECK(!x.all().contains("more"));
  x.begin();
  x.seen("0", "n", "u", 5000);
  x.seen("more", "n", "u", 5000);
  CHECK(x.all().contains("more"));
  CHECK(x.all().contains("0"));
  CHECK(!x.all().contains("1"));
  CHECK_EQUAL(x.all().size(), expected_standbys::most);
  x.forget("more");
  CHECK(!x.all().contains("more"));
}
