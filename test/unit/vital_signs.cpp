// What proves that the daemon works.
#define SUITE vital_signs

#include "actors/registry/vital_signs.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(a daemon is healthy until its heartbeat is older than the limit) {
  vital_signs::time_point start{1h};
  vital_signs signs{start};
  CHECK(signs.healthy(start + heartbeat_limit));
  CHECK(!signs.healthy(start + heartbeat_limit + 1ns));
  signs.beat(start + 10s);
  CHECK(signs.healthy(start + 10s + heartbeat_limit));
  CHECK_EQUAL(signs.beats(), 1u);
  CHECK(signs.last_beat() == start + 10s);
}

TEST(a daemon is ready once it was said to be) {
  vital_signs signs{{}};
  CHECK(!signs.ready());
  signs.set_ready();
  CHECK(signs.ready());
}

TEST(there is no next tick before the SCHEDULER has started) {
  vital_signs signs{{}};
  CHECK(signs.next_tick() == vital_signs::time_point{});
  signs.set_next_tick(vital_signs::time_point{7s});
  CHECK(signs.next_tick() == vital_signs::time_point{7s});
}
