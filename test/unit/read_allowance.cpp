// Reading from real sockets, with and without an allowance.
#define SUITE read_allowance

#include "actors/backend/read_allowance.hpp"

#include "test/unit/actor_test.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <thread>

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
  /// Until so much waits.
  void wait(size_t n) const {
    std::string text(n, '\0');
    CAF_REQUIRE(recv(ours, text.data(), n, MSG_WAITALL | MSG_PEEK) == static_cast<ssize_t>(n));
  }
  [[nodiscard]] ptrdiff_t take(size_t n) const {
    std::string text(n, '\0');
    return recv(ours, text.data(), n, MSG_DONTWAIT);
  }

  int ours = -1;
  int theirs = -1;
};

} // namespace

TEST(no more is read than allowed) {
  for (auto tcp : {true, false}) {
    pair x{tcp};
    x.say(300);
    x.wait(300);
    {
      read_allowance aut{200};
      CHECK_EQUAL(x.take(150), 150);
      CHECK(!aut.drained());
      CHECK_EQUAL(x.take(150), 50);
      auto more = x.take(150);
      auto why = errno; // before a check writes its line
      CHECK_EQUAL(more, -1);
      CHECK_EQUAL(why, EAGAIN);
      CHECK_EQUAL(aut.used(), 200u);
      CHECK(!aut.drained());
    }
    CHECK_EQUAL(x.take(150), 100);
  }
}

TEST(an empty socket is drained) {
  for (auto tcp : {true, false}) {
    pair x{tcp};
    x.say(300);
    x.wait(300);
    read_allowance aut{1000};
    CHECK_EQUAL(x.take(1000), 300);
    CHECK(aut.drained());
    CHECK_EQUAL(x.take(1000), -1);
    CHECK(aut.drained());
    CHECK_EQUAL(aut.used(), 300u);
  }
}

TEST(what is only looked at costs nothing) {
  pair x{true};
  x.say(300);
  x.wait(300);
  read_allowance aut{100};
  std::string text(100, '\0');
  CHECK_EQUAL(recv(x.ours, text.data(), 100, MSG_PEEK), 100);
  CHECK_EQUAL(aut.used(), 0u);
}

TEST(other threads read as ever) {
  pair x{true};
  x.say(300);
  x.wait(300);
  read_allowance aut{100};
  ptrdiff_t got = 0;
  std::thread{[&] { got = x.take(1000); }}.join();
  CHECK_EQUAL(got, 300);
}
