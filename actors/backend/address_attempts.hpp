// Address attempts: which address of a host is tried next, and for how long.
#pragma once

#include "actors/backend/session.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// The addresses of one host, one after the other, within one time limit. What is left of the time
/// is shared by those that are still to come, so one that is silent costs its share only. The one
/// that worked last comes first the next time.
class address_attempts {
public:
  using time_point = caf::actor_clock::time_point;

  /// One attempt.
  struct attempt {
    std::string address; ///< Literal; empty when the host needed no resolution.
    caf::timespan share{0};
  };

  /// A new round.
  /// @param found In the name service's order; empty: the host is an address itself.
  void begin(std::vector<std::string> found, time_point deadline);

  /// The next attempt; nothing when there is no address or no time left.
  std::optional<attempt> next(time_point now);

  /// The current address did not lead to a session.
  void failed(session_error error) { errors_.push_back(std::move(error)); }

  /// The current address did.
  void worked() { preferred_ = current_; }

  /// Whether another address may do better after this error: not when a server itself refused us,
  /// unless it is only not ready to be asked.
  [[nodiscard]] static bool another_may_help(const session_error& error) noexcept;

  /// The session_error of a silent address.
  [[nodiscard]] session_error silence() const;

  /// What to say of the addresses that failed in this round: the last one's class, everybody's
  /// words. At least one must have failed.
  [[nodiscard]] session_error summary() const;

  /// The one of these addresses to try if only one is tried; as a list, empty when they are.
  [[nodiscard]] std::vector<std::string> first_of(const std::vector<std::string>& found) const;

  [[nodiscard]] bool any_failed() const { return !errors_.empty(); }
  [[nodiscard]] bool any_left() const { return next_ < addresses_.size(); }

  /// The address of the current attempt.
  [[nodiscard]] const std::string& current() const { return current_; }

private:
  std::vector<std::string> addresses_;
  size_t next_ = 0;
  time_point deadline_;
  std::string current_;
  caf::timespan share_{0};
  std::string preferred_;
  std::vector<session_error> errors_; ///< Of this round.
};

} // namespace pgstatsmon
