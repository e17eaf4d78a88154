// Numbers as the page shows them.
#define SUITE number
#include "actors/registry/number.hpp"

#include "test/unit/test.hpp"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

using namespace pgstatsmon;

namespace {

template <class T>
std::string text(T x) {
  char buffer[max_number_size];
  return {buffer, write_number(buffer, x)};
}

} // namespace

TEST(integers are shown in digits) {
  CHECK_EQUAL(text(0.0), "0");
  CHECK_EQUAL(text(-0.0), "0");
  CHECK_EQUAL(text(1.0), "1");
  CHECK_EQUAL(text(-17.0), "-17");
  CHECK_EQUAL(text(1234567890.0), "1234567890");
  CHECK_EQUAL(text(9007199254740991.0), "9007199254740991");
  CHECK_EQUAL(text(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(fractions are shown in the shortest form) {
  CHECK_EQUAL(text(0.5), "0.5");
  CHECK_EQUAL(text(0.1), "0.1");
  CHECK_EQUAL(text(-2.25), "-2.25");
  CHECK_EQUAL(text(1e300), "1e+300");
  CHECK_EQUAL(text(5e-324), "5e-324");
}

TEST(what is not finite is spelled as Prometheus does) {
  CHECK_EQUAL(text(std::nan("")), "NaN");
  CHECK_EQUAL(text(-std::nan("")), "NaN");
  CHECK_EQUAL(text(HUGE_VAL), "+Inf");
  CHECK_EQUAL(text(-HUGE_VAL), "-Inf");
}

TEST(every number reads back as itself) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 200'000; ++i) {
    auto x = std::bit_cast<double>(random());
    if (std::isnan(x))
      continue;
    auto shown = text(x);
    CAF_REQUIRE(shown.size() < max_number_size);
    CAF_REQUIRE(std::strtod(shown.c_str(), nullptr) == x);
  }
}
