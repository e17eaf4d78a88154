// An idle loss: decides what it means that the other side ended a session.
#pragma once

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace pgstatsmon {

/// What is known of a session that the other side has ended.
struct ended_session {
  bool idle = false;       ///< No poll was under way, or nothing of it had been answered.
  bool poll_waits = false; ///< A poll was under way.
  bool proven = false;     ///< It had answered a poll.
  bool quiet = false;      ///< It replaced another one that was ended while it idled.
};

/// What follows.
enum class remedy : uint8_t {
  outage,          ///< A failure: it counts, and is waited for.
  connect_now,     ///< No failure; another session is made at once, and gets the poll that waits.
  connect_at_poll, ///< No failure; another session is made when the next poll wants it.
};

/// A session that had answered and then idled may have met an idle timeout, a pooler's or a
/// proxy's, or an administrator who ended it. That is no failure of the server as long as another
/// session can be made: the attempt to make it tells. Each replacement is paid for with a poll that
/// was answered, so a server that lets us in and ends every session gets its backoff.
constexpr remedy remedy_for(const ended_session& ended) noexcept {
  if (!ended.idle)
    return remedy::outage;
  if (ended.proven)
    return remedy::connect_now;
  return ended.quiet && !ended.poll_waits ? remedy::connect_at_poll : remedy::outage;
}

/// Counts idle losses of one backend. They are worth a line an hour.
class idle_losses {
public:
  using time_point = caf::actor_clock::time_point;

  /// @returns how many there were since the last line, when it is time for the next one.
  std::optional<uint64_t> happened(time_point now) {
    ++unsaid_;
    if (last_said_ && now - *last_said_ < std::chrono::hours{1})
      return std::nullopt;
    last_said_ = now;
    auto result = unsaid_;
    unsaid_ = 0;
    return result;
  }

private:
  uint64_t unsaid_ = 0;
  std::optional<time_point> last_said_;
};

} // namespace pgstatsmon
