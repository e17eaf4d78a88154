// Which address of a host is tried next, and for how long.
#define SUITE address_attempts

#include "actors/backend/address_attempts.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

const address_attempts::time_point start{};

caf::timespan share_of(address_attempts& round, address_attempts::time_point now) {
  auto attempt = round.next(now);
  return attempt ? attempt->share : caf::timespan{-1};
}

std::string address_of(address_attempts& round, address_attempts::time_point now) {
  auto attempt = round.next(now);
  return attempt ? attempt->address : "(none)";
}

} // namespace

TEST(a host that is an address has the whole time) {
  address_attempts round;
  round.begin({}, start + 3s);
  auto only = round.next(start);
  REQUIRE(only.has_value());
  CHECK_EQUAL(only->address, "");
  CHECK_EQUAL(only->share, caf::timespan{3s});
  CHECK(!round.next(start + 1s));
  CHECK_EQUAL(round.silence().message, "no connection within connect_timeout");
}

TEST(a silent address costs its share) {
  address_attempts round;
  round.begin({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, start + 3s);
  CHECK_EQUAL(share_of(round, start), caf::timespan{1s});
  CHECK(round.silence().reason == failure::timeout);
  CHECK_EQUAL(round.silence().message, "10.0.0.1 did not answer within 1000 ms");
  CHECK_EQUAL(share_of(round, start + 1s), caf::timespan{1s});
  auto last = round.next(start + 1s + 1ms);
  REQUIRE(last.has_value());
  CHECK_EQUAL(last->address, "10.0.0.3");
  CHECK_EQUAL(last->share, caf::timespan{1999ms});
  CHECK(!round.any_left());
}

TEST(no address gets less than nothing) {
  address_attempts round;
  round.begin({"10.0.0.1", "10.0.0.2"}, start + 3s);
  round.next(start);
  CHECK(!round.next(start + 3s));
}

TEST(the address that worked comes first the next time) {
  address_attempts round;
  round.begin({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, start + 3s);
  round.next(start);
  round.next(start + 1s);
  round.worked();
  round.begin({"10.0.0.1", "10.0.0.2", "10.0.0.3"}, start + 10s);
  CHECK_EQUAL(address_of(round, start + 7s), "10.0.0.2");
  CHECK_EQUAL(address_of(round, start + 7s), "10.0.0.1");
  round.begin({"10.0.0.1", "10.0.0.3"}, start + 10s);
  CHECK_EQUAL(address_of(round, start + 7s), "10.0.0.1");
}

TEST(what a server refuses another address of it refuses too) {
  using attempts = address_attempts;
  CHECK(attempts::another_may_help({failure::timeout, "", ""}));
  CHECK(attempts::another_may_help({failure::refused, "", ""}));
  CHECK(attempts::another_may_help({failure::network, "", ""}));
  CHECK(attempts::another_may_help({failure::starting_up, "57P03", ""}));
  CHECK(!attempts::another_may_help({failure::auth, "28P01", ""}));
  CHECK(!attempts::another_may_help({failure::auth, "", "no password supplied"}));
  CHECK(!attempts::another_may_help({failure::too_many_connections, "53300", ""}));
}

TEST(a failure names every address that failed) {
  address_attempts round;
  round.begin({"10.0.0.1", "10.0.0.2"}, start + 2s);
  round.next(start);
  round.failed(round.silence());
  round.next(start + 1s);
  round.failed({failure::refused, "", "10.0.0.2: Connection refused"});
  CHECK(round.any_failed());
  CHECK(round.summary().reason == failure::refused);
  CHECK_EQUAL(round.summary().message,
              "10.0.0.1 did not answer within 1000 ms; 10.0.0.2: Connection refused");
}
