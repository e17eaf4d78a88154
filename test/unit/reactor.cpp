// The REACTOR with real sockets, and with what can't be watched.
#define SUITE reactor

#include "actors/backend/reactor.hpp"

#include "test/unit/actor_test.hpp"

#include <array>
#include <future>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// A user that tells a waiting test what it was told. Needs real threads, as the REACTOR is one.
struct fixture {
  fixture() : system{configuration} {
    auto promise = told;
    user = system.spawn([promise](caf::event_based_actor*) -> caf::behavior {
      return {[promise](const socket_ready& x) { promise->set_value(x); }};
    });
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
  }

  ~fixture() {
    close(sockets[0]);
    close(sockets[1]);
    caf::anon_send_exit(user, caf::exit_reason::user_shutdown);
  }

  /// Watches a descriptor and waits for what is said of it.
  socket_ready watch(int descriptor, uint32_t events) {
    auto result = told->get_future();
    all.watch(descriptor, events, caf::actor_cast<socket_user>(user), 7);
    REQUIRE(result.wait_for(30s) == std::future_status::ready);
    return result.get();
  }

  test::config configuration;
  caf::actor_system system;
  reactor all;
  std::shared_ptr<std::promise<socket_ready>> told = std::make_shared<std::promise<socket_ready>>();
  caf::actor user;
  std::array<int, 2> sockets{};
};

} // namespace

FIXTURE_SCOPE(reactor_tests, fixture)

TEST(a socket that is ready is told with its number) {
  REQUIRE(write(sockets[1], "x", 1) == 1);
  auto said = watch(sockets[0], EPOLLIN);
  CHECK_EQUAL(said.watch, 7u);
  CHECK(said.events & EPOLLIN);
}

TEST(what the system can not watch is told at once) {
  auto file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  CHECK_EQUAL(watch(file, EPOLLIN), (socket_ready{7, 0}));
  close(file);
}

TEST(a descriptor that is closed is told at once) {
  auto gone = dup(sockets[0]);
  close(gone);
  CHECK_EQUAL(watch(gone, EPOLLIN), (socket_ready{7, 0}));
}

FIXTURE_SCOPE_END()
