// Connections that take too long are cut.
#define SUITE deadlines

#include "actors/exposition/deadlines.hpp"

#include "test/unit/test.hpp"

#include <array>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// Two ends of a connection.
struct fixture {
  fixture() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
  ~fixture() {
    for (auto end : ends)
      close(end);
  }

  /// Whether the other end sees the connection cut within the time.
  [[nodiscard]] bool cut_within(std::chrono::milliseconds limit) const {
    pollfd other{ends[1], POLLIN, 0};
    char byte = 0;
    return ::poll(&other, 1, static_cast<int>(limit.count())) == 1
           && recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
  }

  std::array<int, 2> ends{-1, -1};
  deadlines aut;
};

} // namespace

FIXTURE_SCOPE(deadlines_tests, fixture)

TEST(a connection past its deadline is shut down) {
  aut.set(ends[0], deadlines::clock::now());
  CHECK(cut_within(30s));
}

TEST(a later deadline replaces an earlier one) {
  aut.set(ends[0], deadlines::clock::now() + 1h);
  aut.set(ends[0], deadlines::clock::now());
  CHECK(cut_within(30s));
}

TEST(a connection that is forgotten goes on) {
  aut.set(ends[0], deadlines::clock::now() + 1h);
  aut.forget(ends[0]);
  aut.forget(ends[0]);
  // The thread is past a deadline that came later, so it would be past this one.
  fixture other;
  aut.set(other.ends[0], deadlines::clock::now());
  CHECK(other.cut_within(30s));
  CHECK(!cut_within(0ms));
}

TEST(all connections are shut down at once and stay known) {
  fixture other;
  aut.set(ends[0], deadlines::clock::now() + 1h);
  aut.set(other.ends[0], deadlines::clock::now() + 1h);
  aut.shut_down_all();
  aut.shut_down_all();
  CHECK(cut_within(0ms));
  CHECK(other.cut_within(0ms));
  aut.forget(other.ends[0]);
}

FIXTURE_SCOPE_END()
