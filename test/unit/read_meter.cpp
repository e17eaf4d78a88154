// Counting what is read from real sockets.
#define SUITE read_meter

#include "actors/backend/read_meter.hpp"

#include "test/unit/actor_test.hpp"

#include <array>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pgstatsmon;

namespace {

/// Two ends of one connection.
struct pair {
  explicit pair(bool tcp) {
    std::array<int, 2> ends{};
    if (!tcp) {
      CAF_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    } else {
      auto listener = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      auto* where = reinterpret_cast<sockaddr*>(&address);
      socklen_t size = sizeof(address);
      CAF_REQUIRE(bind(listener, where, size) == 0 && listen(listener, 1) == 0);
      CAF_REQUIRE(getsockname(listener, where, &size) == 0);
      ends[1] = socket(AF_INET, SOCK_STREAM, 0);
      CAF_REQUIRE(connect(ends[1], where, size) == 0);
      ends[0] = accept(listener, nullptr, nullptr);
      ::close(listener);
    }
    ours = ends[0];
    theirs = ends[1];
  }
  ~pair() {
    ::close(ours);
    ::close(theirs);
  }
  pair(const pair&) = delete;
  pair& operator=(const pair&) = delete;

  void say(size_t n) const {
    std::string text(n, 'x');
    CAF_REQUIRE(::send(theirs, text.data(), n, 0) == static_cast<ssize_t>(n));
  }
  void take(size_t n) const {
    std::string text(n, '\0');
    CAF_REQUIRE(recv(ours, text.data(), n, MSG_WAITALL) == static_cast<ssize_t>(n));
  }

  int ours = -1;
  int theirs = -1;
};

} // namespace

TEST(what waits is not read yet) {
  for (auto tcp : {true, false}) {
    pair x{tcp};
    CHECK_EQUAL(unread_bytes(x.ours), 0u);
    x.say(300);
    char one = 0;
    CHECK(recv(x.ours, &one, 1, MSG_PEEK) == 1); // until it has come
    CHECK_EQUAL(unread_bytes(x.ours), 300u);
  }
}

TEST(all that is read from TCP is counted) {
  pair x{true};
  read_meter aut;
  aut.before_read(x.ours);
  x.say(300);
  x.take(200);
  CHECK_EQUAL(aut.after_read(x.ours, unread_bytes(x.ours)), 200u);
  aut.before_read(x.ours);
  x.take(100);
  CHECK_EQUAL(aut.after_read(x.ours, unread_bytes(x.ours)), 100u);
  CHECK_EQUAL(aut.after_read(x.ours, unread_bytes(x.ours)), 0u);
}

TEST(what waited in a Unix socket is counted) {
  pair x{false};
  read_meter aut;
  aut.before_read(x.ours);
  aut.after_read(x.ours, 0); // finds out what it is
  x.say(300);
  aut.before_read(x.ours);
  x.take(300);
  CHECK_EQUAL(aut.after_read(x.ours, unread_bytes(x.ours)), 300u);
  aut.before_read(x.ours);
  CHECK_EQUAL(aut.after_read(x.ours, unread_bytes(x.ours)), 0u);
}
