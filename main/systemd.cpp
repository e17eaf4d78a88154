// What systemd hands us and wants to hear: sockets, readiness, status, watchdog.
#include "main/systemd.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

caf::error refused(std::string reason) {
  return caf::make_error(ec::listen_failed, "sockets from systemd: " + std::move(reason));
}

bool serves_http(int fd) {
  for (auto family : {AF_INET, AF_INET6, AF_UNIX})
    if (sd_is_socket(fd, family, SOCK_STREAM, 1) > 0)
      return true;
  return false;
}

// sd_notify fails only when the manager is gone, and then there is nobody to tell.
void notify(const std::string& text) {
  static_cast<void>(sd_notify(0, text.c_str()));
}

} // namespace

caf::expected<int> take_listen_socket() {
  auto n = sd_listen_fds(1);
  if (n < 0)
    return refused("LISTEN_FDS or LISTEN_PID is wrong");
  if (n == 0)
    return -1;
  if (n > 1)
    return refused(fmt::format("{} were handed over, expected one", n));
  constexpr int fd = SD_LISTEN_FDS_START;
  if (!serves_http(fd))
    return refused("expected a stream socket that listens on IPv4, IPv6 or a Unix path");
  // Several threads accept on it: the slower one must not wait in accept().
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
    return refused("the socket can't be made non-blocking");
  return fd;
}

bool watchdog::feed(uint64_t progress) noexcept {
  return std::exchange(last_, progress) != progress;
}

service_manager::service_manager() : watched_{sd_watchdog_enabled(0, nullptr) > 0} {}

void service_manager::ready() {
  notify("READY=1");
}

void service_manager::reloading() {
  using namespace std::chrono;
  // libstdc++'s steady_clock is CLOCK_MONOTONIC.
  auto now = duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now));
}

void service_manager::stopping() {
  notify("STOPPING=1");
}

void service_manager::status(std::string_view text) {
  if (status_ == text)
    return;
  status_ = text;
  notify("STATUS=" + status_);
}

void service_manager::feed(uint64_t progress) {
  if (watched_ && watchdog_.feed(progress))
    notify("WATCHDOG=1");
}

} // namespace pgstatsmon
