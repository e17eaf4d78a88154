// Numbers in two bytes.
#define SUITE small_number

#include "actors/registry/small_number.hpp"

#include "test/unit/test.hpp"

#include <limits>

using namespace pgstatsmon;

namespace {

double kept(double x) {
  return small_number{x}.value();
}

} // namespace

TEST(whole numbers are kept up to 2048) {
  for (int i = 0; i <= 2048; ++i)
    if (kept(i) != i)
      CAF_FAIL(i << " becomes " << kept(i));
}

TEST(others are right to a twentieth of a percent) {
  for (double x = 1e-5; x < 1e13; x *= 1.000'37)
    if (std::abs(kept(x) / x - 1) > 0.0005)
      CAF_FAIL(x << " becomes " << kept(x));
}

TEST(what is out of range is the nearest) {
  CHECK_EQUAL(kept(-1), 0);
  CHECK_EQUAL(kept(-0.0), 0);
  CHECK_EQUAL(kept(1e-9), 0);
  CHECK_EQUAL(kept(std::numeric_limits<double>::denorm_min()), 0);
  auto most = kept(std::numeric_limits<double>::infinity());
  CHECK(most > 1.7e13);
  for (double x : {0x1p44, 1e18, std::numeric_limits<double>::max()})
    CHECK_EQUAL(kept(x), most);
  CHECK_EQUAL(kept(-std::numeric_limits<double>::infinity()), 0);
}

TEST(what is not known stays so) {
  CHECK(std::isnan(small_number{}.value()));
  CHECK(std::isnan(kept(std::numeric_limits<double>::quiet_NaN())));
  CHECK_EQUAL(sizeof(small_number), 2u);
}
