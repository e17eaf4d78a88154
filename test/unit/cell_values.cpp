// Numbers and arrays of numbers, as PostgreSQL writes them.
#define SUITE cell_values

#include "actors/registry/cell_values.hpp"

#include "test/unit/test.hpp"

#include <cmath>
#include <vector>

using namespace pgstatsmon;

TEST(an array is its numbers) {
  using numbers = std::vector<double>;
  CHECK(parse_numbers("{}") == numbers{});
  CHECK(parse_numbers("{1}") == numbers{1});
  CHECK(parse_numbers("{1,2.5,-3e2,0.000123}") == (numbers{1, 2.5, -300, 0.000123}));
  CHECK(parse_numbers("{NULL,4,NULL}") == numbers{4});
  CHECK(parse_numbers("{Infinity}") == numbers{HUGE_VAL});
}

TEST(anything else is no array) {
  for (auto text : {"", "{", "}", "1", "{a}", "{1,{2}}", "{1,,2}", "{NaN}", "{\"1\"}"})
    CHECK(!parse_numbers(text));
}

TEST(a number is read whole or not at all) {
  double x = 0;
  CHECK(parse_number("12", x) && x == 12);
  CHECK(parse_number("-0.5", x) && x == -0.5);
  CHECK(!parse_number("", x));
  CHECK(!parse_number("12a", x));
  CHECK(!parse_number("NaN", x));
}
