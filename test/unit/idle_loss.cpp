// What follows when the other side ends a session.
#define SUITE idle_loss

#include "actors/backend/idle_loss.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

TEST(a session that had answered and then idled is replaced at once) {
  CHECK(remedy_for({.idle = true, .proven = true}) == remedy::connect_now);
  CHECK(remedy_for({.idle = true, .proven = true, .quiet = true}) == remedy::connect_now);
}

TEST(a poll that found the session ended goes over the next one) {
  CHECK(remedy_for({.idle = true, .poll_waits = true, .proven = true}) == remedy::connect_now);
}

TEST(a session that breaks while it answers is an outage) {
  CHECK(remedy_for({.idle = false, .poll_waits = true, .proven = true}) == remedy::outage);
}

TEST(a session that never answered is an outage) {
  CHECK(remedy_for({.idle = true}) == remedy::outage);
  CHECK(remedy_for({.idle = true, .poll_waits = true}) == remedy::outage);
}

TEST(a replacement that is ended before its first poll waits for that poll) {
  CHECK(remedy_for({.idle = true, .quiet = true}) == remedy::connect_at_poll);
}

TEST(a replacement that breaks at its first poll is an outage) {
  CHECK(remedy_for({.idle = true, .poll_waits = true, .quiet = true}) == remedy::outage);
}

TEST(idle losses are worth a line an hour) {
  idle_losses losses;
  idle_losses::time_point now{};
  CHECK(losses.happened(now) == std::optional<uint64_t>{1});
  CHECK(!losses.happened(now + 1s));
  CHECK(!losses.happened(now + 59min));
  CHECK(losses.happened(now + 60min) == std::optional<uint64_t>{3});
  CHECK(!losses.happened(now + 61min));
}
