// Which timers, watches and attempts still count.
#define SUITE numbers

#include "actors/numbers.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(only the newest counts) {
  numbers source;
  counting_number timer{source};
  CHECK(!timer.is(0));
  auto first = timer.renew();
  CHECK(timer.is(first));
  auto second = timer.renew();
  CHECK(!timer.is(first));
  CHECK(timer.is(second));
  CHECK_EQUAL(timer.value(), second);
  timer.expire();
  CHECK(!timer.is(second));
}

TEST(a number is of one thing alone) {
  numbers source;
  counting_number timer{source};
  counting_number watch{source};
  auto number = timer.renew();
  watch.renew();
  CHECK(timer.is(number));
  CHECK(!watch.is(number));
  CHECK(source.fresh() != watch.value());
}
