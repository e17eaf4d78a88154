// What proves that the daemon works.
#define SUITE heartbeat

#include "actors/registry/heartbeat.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(a daemon is healthy until its heartbeat is older than the limit) {
  heartbeat::time_point start{1h};
  heartbeat pulse{start};
  CHECK(pulse.healthy(start + heartbeat_limit));
  CHECK(!pulse.healthy(start + heartbeat_limit + 1ns));
  pulse.beat(start + 10s);
  CHECK(pulse.healthy(start + 10s + heartbeat_limit));
  CHECK_EQUAL(pulse.beats(), 1u);
  CHECK(pulse.last_beat() == start + 10s);
}

TEST(a daemon is ready once it was said to be) {
  heartbeat pulse{{}};
  CHECK(!pulse.ready());
  pulse.set_ready();
  CHECK(pulse.ready());
}

TEST(there is no next tick before the SCHEDULER has started) {
  heartbeat pulse{{}};
  CHECK(pulse.next_tick() == heartbeat::time_point{});
  pulse.set_next_tick(heartbeat::time_point{7s});
  CHECK(pulse.next_tick() == heartbeat::time_point{7s});
}
