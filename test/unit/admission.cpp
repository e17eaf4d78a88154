// Who may connect next.
#define SUITE admission

#include "actors/backend/admission.hpp"

#include "test/unit/test.hpp"

#include <chrono>
#include <random>
#include <set>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr admission::time_point start{1h};

/// Lets in whoever may come; how many that were.
size_t let_all_in(admission& x, admission::time_point now) {
  size_t result = 0;
  while (auto turn = x.next(now))
    result += turn->let_in ? 1 : 0;
  return result;
}

/// Whose turn it is; 0 when it is nobody's.
admission::ticket turn_of(admission& queue, admission::time_point now) {
  auto turn = queue.next(now);
  return turn ? turn->request : 0;
}

} // namespace

TEST(who comes first connects first) {
  admission queue{{.places = 1, .descriptors = 10}};
  auto first = queue.enter(false);
  auto second = queue.enter(false);
  CHECK_EQUAL(turn_of(queue, start), first);
  CHECK(!queue.next(start));
  queue.leave(first);
  CHECK_EQUAL(turn_of(queue, start), second);
}

TEST(an attempt that succeeds makes place and keeps its descriptor) {
  admission queue{{.places = 1, .descriptors = 10}};
  auto first = queue.enter(false);
  queue.enter(false);
  queue.next(start);
  queue.connected(first);
  CHECK(queue.next(start)->let_in);
  CHECK_EQUAL(queue.in_use(), 2u);
  queue.leave(first);
  CHECK_EQUAL(queue.in_use(), 1u);
}

TEST(without a descriptor it is turned away) {
  admission queue{{.places = 4, .descriptors = 1}};
  auto first = queue.enter(false);
  auto second = queue.enter(false);
  CHECK(queue.next(start)->let_in);
  auto turn = queue.next(start);
  REQUIRE(turn.has_value());
  CHECK_EQUAL(turn->request, second);
  CHECK(!turn->let_in);
  queue.leave(first);
  queue.enter(false);
  CHECK(queue.next(start)->let_in);
}

TEST(who leaves the queue has no turn) {
  admission queue{{.places = 1, .descriptors = 10}};
  auto first = queue.enter(false);
  auto second = queue.enter(true);
  auto third = queue.enter(false);
  queue.leave(first);
  queue.leave(second);
  CHECK_EQUAL(turn_of(queue, start), third);
  CHECK_EQUAL(queue.waiting(), 0u);
}

TEST(suspects wait behind the others and have half of the places) {
  admission queue{{.places = 4, .descriptors = 100, .suspects_a_second = 50}};
  for (int i = 0; i < 10; ++i)
    queue.enter(true);
  CHECK_EQUAL(let_all_in(queue, start), 2u);
  auto good = queue.enter(false);
  CHECK_EQUAL(turn_of(queue, start), good);
  CHECK(!queue.next(start));
}

TEST(suspects that fail at once are let in at a pace) {
  admission queue{{.places = 64, .descriptors = 100, .suspects_a_second = 50}};
  for (int i = 0; i < 1000; ++i)
    queue.enter(true);
  size_t tried = 0;
  for (auto now = start; now < start + 10s; now += 200ms)
    while (auto turn = queue.next(now)) {
      queue.leave(turn->request);
      ++tried;
    }
  CHECK(tried >= 490);
  CHECK(tried <= 550);
}

TEST(the pace does not concern others) {
  admission queue{{.places = 64, .descriptors = 1000, .suspects_a_second = 1}};
  for (int i = 0; i < 10; ++i)
    queue.enter(true);
  let_all_in(queue, start);
  for (int i = 0; i < 60; ++i)
    queue.enter(false);
  CHECK_EQUAL(let_all_in(queue, start), 60u);
}

TEST(whatever happens no place and no descriptor is lost) {
  std::mt19937 random{20261127};
  admission queue{{.places = 5, .descriptors = 12}};
  std::set<admission::ticket> held;
  auto now = start;
  for (int i = 0; i < 20'000; ++i) {
    now += 10ms;
    switch (random() % 4) {
    case 0: held.insert(queue.enter(random() % 2 == 0)); break;
    case 1:
      while (auto turn = queue.next(now))
        if (!turn->let_in)
          held.erase(turn->request);
      break;
    default:
      if (held.empty())
        break;
      auto one = *std::next(held.begin(), static_cast<long>(random() % held.size()));
      if (random() % 2 == 0) {
        queue.connected(one);
      } else {
        queue.leave(one);
        held.erase(one);
      }
    }
    REQUIRE(queue.connecting() <= 5);
    REQUIRE(queue.in_use() <= 12);
  }
  for (auto x : held)
    queue.leave(x);
  CHECK_EQUAL(queue.in_use(), 0u);
  CHECK_EQUAL(queue.waiting(), 0u);
}
