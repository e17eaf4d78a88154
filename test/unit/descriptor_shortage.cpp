// Who is kept out for want of a descriptor.
#define SUITE descriptor_shortage

#include "actors/backend/descriptor_shortage.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;
using news = descriptor_shortage::news;

TEST(many that are kept out are one piece of news) {
  descriptor_shortage shortage;
  descriptor_shortage::time_point now{1h};
  CHECK(shortage.look(now) == news::nothing);
  for (incarnation i = 1; i <= 40; ++i)
    shortage.turned_away(i, now);
  CHECK(shortage.look(now) == news::begins);
  CHECK_EQUAL(shortage.backends(), 40u);
  CHECK(shortage.look(now + 1s) == news::nothing);
}

TEST(it is said again every ten minutes and when it ends) {
  descriptor_shortage shortage;
  descriptor_shortage::time_point now{1h};
  shortage.turned_away(1, now);
  CHECK(shortage.look(now) == news::begins);
  for (int i = 0; i < 39; ++i) {
    shortage.turned_away(1, now += 15s);
    CHECK(shortage.look(now) == news::nothing);
  }
  shortage.turned_away(1, now += 15s);
  CHECK(shortage.look(now) == news::lasts);
  shortage.let_in(1);
  CHECK(shortage.look(now) == news::ended);
  CHECK(shortage.look(now) == news::nothing);
}

TEST(a backend that asks no more is forgotten) {
  descriptor_shortage shortage;
  descriptor_shortage::time_point now{1h};
  shortage.turned_away(1, now);
  shortage.look(now);
  CHECK(shortage.look(now + 61s) == news::ended);
  CHECK_EQUAL(shortage.backends(), 0u);
}
