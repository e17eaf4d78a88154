// Who may have a page.
#pragma once

#include "actors/exposition/password_check.hpp"
#include "actors/exposition/password_memory.hpp"
#include "actors/exposition/web_door.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// What is decided about a request.
enum class verdict : uint8_t {
  open,     ///< Nothing yet.
  checking, ///< A password is being checked; the answer comes later.
  granted,
  unauthorized, ///< No password, or a wrong one.
  limited,      ///< More requests than the rate limit allows.
  busy,         ///< More passwords to check than can wait.
};

/// Decides about requests. A password that was right before costs nothing; others are checked one
/// after the other, by one thread, and unknown users cost what known ones do. Any thread.
class access_control {
public:
  using clock = std::chrono::steady_clock;

  /// Decides at once what can be: anything but `open`; `checking` means that ask() has to be
  /// called.
  verdict judge(const web_door& door, std::string_view authorization, clock::time_point now);

  /// Checks a password for which judge() said `checking`.
  /// @param peer Of one peer, a few may be checked at a time only.
  /// @param done Called once, by any thread, before ask() returns or after, but not if ask() throws
  /// bad_alloc; it must not throw.
  void ask(const web_door& door, std::string_view authorization, std::string peer,
           std::function<void(verdict)> done);

  /// Ends what waits as `busy`, and takes no more.
  void close() { checker_.close(); }

  /// Takes requests again.
  void open() { checker_.open(); }

private:
  password_memory memory_;
  password_checker checker_; // the last member: its thread uses the others
};

/// A client's network as text without meaning: its IPv4 address, or its IPv6 /64; empty for others.
/// @param address A sockaddr.
std::string peer_of(const void* address);

} // namespace pgstatsmon
