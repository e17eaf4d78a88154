// What systemd hands us and wants to hear: sockets, readiness, status, watchdog.
#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// The listening socket that systemd handed over (LISTEN_FDS), for HTTP; -1 if there is none.
/// Call it once: it takes the variables from the environment, so that nobody else does.
/// ec::listen_failed when there is more than one, or when it is no stream socket that listens on
/// IPv4, IPv6 or a Unix path. The caller closes the socket; it is non-blocking and closed on exec.
caf::expected<int> take_listen_socket();

/// Whether the watchdog is fed: only when progress was made since the last time. Pure.
class watchdog {
public:
  /// @param progress A count that grows while all is well.
  /// @returns whether it grew.
  bool feed(uint64_t progress) noexcept;

private:
  uint64_t last_ = 0;
};

/// The service manager's ear (NOTIFY_SOCKET); without one, every function does nothing.
/// For the main thread.
class service_manager {
public:
  service_manager();

  /// The page is served; also the end of a reload.
  void ready();

  /// The configuration is read again, until ready().
  void reloading();

  /// The end begins.
  void stopping();

  /// Shows a sentence in `systemctl status`, if it is another than the last one.
  void status(std::string_view text);

  /// Keeps the watchdog (WATCHDOG_USEC) quiet if `progress` grew since the last call.
  void feed(uint64_t progress);

private:
  bool watched_;
  watchdog watchdog_;
  std::string status_;
};

} // namespace pgstatsmon
