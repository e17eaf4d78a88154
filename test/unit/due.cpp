// The queue in front of the slots.
#define SUITE due

#include "actors/scheduler/due.hpp"

#include "test/unit/test.hpp"

#include <random>

using namespace pgstatsmon;

TEST(nothing waits twice) {
  due_queue due{2};
  CHECK(due.add(1, false));
  CHECK(!due.add(1, false));
  CHECK_EQUAL(due.take().value_or(0), 1u);
  CHECK(!due.add(1, false));
  due.release(1);
  CHECK(due.idle());
  CHECK(due.add(1, false));
}

TEST(good backends go first) {
  due_queue due{2};
  due.add(1, true);
  due.add(2, false);
  CHECK_EQUAL(due.take().value_or(0), 2u);
  CHECK_EQUAL(due.take().value_or(0), 1u);
}

TEST(suspects hold half of the slots at most) {
  due_queue due{4};
  for (incarnation i = 1; i <= 4; ++i)
    due.add(i, true);
  CHECK(due.take().has_value());
  CHECK(due.take().has_value());
  CHECK(!due.take().has_value());
  due.add(5, false);
  CHECK_EQUAL(due.take().value_or(0), 5u);
}

TEST(one slot is enough for suspects) {
  due_queue due{1};
  due.add(1, true);
  CHECK_EQUAL(due.take().value_or(0), 1u);
}

TEST(whatever happens no slot is lost and none is made up) {
  std::mt19937 random{42};
  due_queue due{10};
  std::set<incarnation> taken;
  for (int i = 0; i < 100'000; ++i) {
    auto life = static_cast<incarnation>(random() % 40 + 1);
    switch (random() % 3) {
    case 0: due.add(life, random() % 2 == 0); break;
    case 1:
      if (auto x = due.take())
        REQUIRE(taken.insert(*x).second);
      break;
    default: due.release(life); taken.erase(life);
    }
    REQUIRE(due.in_flight() == taken.size());
    REQUIRE(due.in_flight() <= 10);
  }
  for (incarnation i = 1; i <= 40; ++i)
    due.release(i);
  CHECK(due.idle());
}

TEST(what is added first goes first whether it waits already or not ) {
  due_queue due{1};
  due.add(1, false);
  due.add(2, false);
  due.add(3, true);
  CHECK_EQUAL(due.waiting_suspects(), 1u);
  CHECK(due.add_first(3));
  CHECK_EQUAL(due.waiting(), 3u);
  CHECK_EQUAL(due.take().value_or(0), 3u);
  CHECK(!due.add_first(3));
  due.release(3);
  CHECK_EQUAL(due.take().value_or(0), 1u);
  due.release(1);
  CHECK_EQUAL(due.take().value_or(0), 2u);
  due.release(2);
  CHECK(due.idle());
  CHECK(!due.take().has_value());
}
