// An outage: decides what of a backend's repeated failures is worth a line in the log.
#pragma once

#include "messages/error.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace pgstatsmon {

/// Counts failures in a row. Each class of failure is news once, then every ten minutes.
class outage {
public:
  using time_point = caf::actor_clock::time_point;

  /// What a failure is worth.
  enum class news : uint8_t {
    nothing,  ///< Known already.
    failing,  ///< The first of its class in this outage.
    lasting,  ///< The one that used up the retries.
    reminder, ///< The outage goes on.
  };

  /// What an end is worth.
  struct summary {
    uint32_t failures = 0;
    std::chrono::seconds lasted{0};
  };

  /// @param retries Failures in a row after which the outage is called lasting; at least 1.
  news failed(failure reason, uint32_t retries, time_point now) {
    if (failures_++ == 0)
      began_ = now;
    if (failures_ == retries && retries > 1)
      return said(news::lasting, reason, now);
    if (reason != last_)
      return said(news::failing, reason, now);
    if (now - last_said_ >= std::chrono::minutes{10})
      return said(news::reminder, reason, now);
    return news::nothing;
  }

  /// Ends the outage. Nothing when there was none.
  std::optional<summary> ended(time_point now) {
    if (failures_ == 0)
      return std::nullopt;
    auto result =
      summary{failures_, std::chrono::duration_cast<std::chrono::seconds>(now - began_)};
    *this = outage{};
    return result;
  }

  [[nodiscard]] uint32_t failures() const { return failures_; }

  /// When the first of these failures was.
  [[nodiscard]] time_point began() const { return began_; }

private:
  news said(news x, failure reason, time_point now) {
    last_ = reason;
    last_said_ = now;
    return x;
  }

  uint32_t failures_ = 0;
  failure last_ = failure::none;
  time_point began_;
  time_point last_said_;
};

} // namespace pgstatsmon
