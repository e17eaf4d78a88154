// What systemd hands over and hears, with a socket of our own in its place.
#define SUITE systemd
#include "main/systemd.hpp"

#include "test/unit/test.hpp"

#include "actors/exposition/listen.hpp"
#include "messages/error.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace pgstatsmon;

namespace {

/// Hears what is told to the service manager.
class ear {
public:
  ear() {
    std::array<char, 64> name{"/tmp/pgstatsmon-ear-XXXXXX"};
    directory_ = mkdtemp(name.data());
    auto path = directory_ + "/notify";
    sockaddr_un address{AF_UNIX, {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    CAF_REQUIRE_EQUAL(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ear(const ear&) = delete;
  ear& operator=(const ear&) = delete;

  ~ear() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(fd_);
    std::filesystem::remove_all(directory_);
  }

  /// The next message; empty when there is none.
  std::string heard() {
    std::array<char, 256> text{};
    auto n = recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), n > 0 ? static_cast<size_t>(n) : 0};
  }

private:
  int fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string directory_;
};

/// Hands a descriptor over as systemd does, from 3 on, `count` times; what was there comes back at
/// the end.
class handed_over {
public:
  handed_over(int count, int fd) : fd_{fd} {
    for (int i = 3; i < 3 + count; ++i) {
      saved_.push_back(fcntl(i, F_DUPFD_CLOEXEC, 10));
      CAF_REQUIRE_EQUAL(dup2(fd, i), i);
    }
    setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
  }
  handed_over(const handed_over&) = delete;
  handed_over& operator=(const handed_over&) = delete;

  ~handed_over() {
    int i = 3;
    for (auto old : saved_) {
      close(i);
      if (old >= 0) {
        dup2(old, i);
        close(old);
      }
      ++i;
    }
    close(fd_);
  }

private:
  int fd_;
  std::vector<int> saved_;
};

/// The same socket, not at a number at which sockets are handed over.
int out_of_the_way(int fd) {
  auto result = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  close(fd);
  return result;
}

std::string refusal() {
  auto result = take_listen_socket();
  return result ? std::string{} : sentence_of(result.error());
}

} // namespace

TEST(no sockets are no error) {
  unsetenv("LISTEN_FDS");
  auto result = take_listen_socket();
  CAF_REQUIRE(result);
  CHECK_EQUAL(*result, -1);
}

TEST(a socket that listens is taken and nobody else takes it) {
  auto fd = listen_on("127.0.0.1", 0);
  CAF_REQUIRE(fd);
  handed_over all{1, out_of_the_way(*fd)};
  fcntl(3, F_SETFL, fcntl(3, F_GETFL) & ~O_NONBLOCK);
  auto result = take_listen_socket();
  CAF_REQUIRE(result);
  CHECK_EQUAL(*result, 3);
  CHECK((fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(std::getenv("LISTEN_FDS") == nullptr);
}

TEST(a socket that does not listen is refused) {
  handed_over all{1, out_of_the_way(socket(AF_INET, SOCK_STREAM, 0))};
  CHECK(refusal().find("expected a stream socket that listens") != std::string::npos);
}

TEST(a datagram socket is refused) {
  handed_over all{1, out_of_the_way(socket(AF_INET, SOCK_DGRAM, 0))};
  CHECK(refusal().find("expected a stream socket that listens") != std::string::npos);
}

TEST(two sockets are refused) {
  auto fd = listen_on("127.0.0.1", 0);
  CAF_REQUIRE(fd);
  handed_over all{2, out_of_the_way(*fd)};
  CHECK(refusal().find("2 were handed over, expected one") != std::string::npos);
}

TEST(the watchdog is fed only when progress was made) {
  watchdog x;
  CHECK(!x.feed(0));
  CHECK(x.feed(1));
  CHECK(!x.feed(1));
  CHECK(!x.feed(1));
  CHECK(x.feed(3));
}

TEST(a manager that wants no watchdog gets none) {
  ear listener;
  service_manager manager;
  manager.feed(1);
  CHECK_EQUAL(listener.heard(), "");
}

TEST(a manager hears of progress) {
  ear listener;
  setenv("WATCHDOG_USEC", "30000000", 1);
  service_manager manager;
  manager.feed(1);
  CHECK_EQUAL(listener.heard(), "WATCHDOG=1");
  manager.feed(1);
  CHECK_EQUAL(listener.heard(), "");
}

TEST(a status is told once) {
  ear listener;
  service_manager manager;
  manager.status("0 of 1 backends up");
  CHECK_EQUAL(listener.heard(), "STATUS=0 of 1 backends up");
  manager.status("0 of 1 backends up");
  CHECK_EQUAL(listener.heard(), "");
  manager.status("1 of 1 backends up");
  CHECK_EQUAL(listener.heard(), "STATUS=1 of 1 backends up");
}

TEST(a manager hears of a life) {
  ear listener;
  service_manager manager;
  manager.ready();
  CHECK_EQUAL(listener.heard(), "READY=1");
  manager.reloading();
  CHECK(listener.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  manager.stopping();
  CHECK_EQUAL(listener.heard(), "STOPPING=1");
}
