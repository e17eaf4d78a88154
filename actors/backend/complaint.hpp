// A complaint: decides what of a trouble that comes back at each poll is worth a line in the log.
#pragma once

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgstatsmon {

/// One thing that can go wrong again and again: a query, the role check, setup. Its beginning, each
/// change, every ten minutes of it and its end are news. What flaps or changes all the time is news
/// eight times in ten minutes at most.
class complaint {
public:
  using time_point = caf::actor_clock::time_point;

  /// What a failure is worth.
  enum class news : uint8_t {
    nothing, ///< Known already, or too much of it.
    begins,
    changes, ///< It fails for another reason than the last time that a line said.
    lasts,   ///< For the same reason, ten minutes after the last line.
  };

  /// What an end is worth.
  struct summary {
    uint64_t failures = 0;
    std::chrono::seconds lasted{0};
  };

  /// It failed.
  /// @param reason What tells one failure from another; digits in it don't (a pid, a count).
  news failed(std::string_view reason, time_point now) {
    if (failures_++ == 0)
      began_ = now;
    auto key = without_digits(reason);
    auto result = news::lasts;
    if (!said_)
      result = news::begins;
    else if (key != key_)
      result = news::changes;
    else if (now - last_said_ < window)
      return news::nothing;
    if (!affordable(now))
      return news::nothing;
    said_ = true;
    key_ = std::move(key);
    last_said_ = now;
    return result;
  }

  /// It works. Nothing when it did before, or when no line told of the failure.
  std::optional<summary> ended(time_point now) {
    if (failures_ == 0)
      return std::nullopt;
    auto result =
      summary{failures_, std::chrono::duration_cast<std::chrono::seconds>(now - began_)};
    failures_ = 0;
    if (!std::exchange(said_, false))
      return std::nullopt;
    return result;
  }

  [[nodiscard]] uint64_t failures() const { return failures_; }

  /// When the first of these failures was.
  [[nodiscard]] time_point began() const { return began_; }

private:
  static constexpr auto window = std::chrono::minutes{10};

  /// An end is always said when its beginning was, so it is not counted.
  static constexpr uint32_t max_lines = 8;

  static std::string without_digits(std::string_view text) {
    std::string result;
    for (auto c : text)
      if (c < '0' || c > '9')
        result += c;
    return result;
  }

  bool affordable(time_point now) {
    if (!window_began_ || now - *window_began_ >= window) {
      window_began_ = now;
      lines_ = 0;
    }
    return ++lines_ <= max_lines;
  }

  uint64_t failures_ = 0;
  bool said_ = false; ///< A line told of the failure that goes on.
  std::string key_;   ///< Of the last line.
  time_point began_;
  time_point last_said_;
  std::optional<time_point> window_began_;
  uint32_t lines_ = 0; ///< In the window.
};

} // namespace pgstatsmon
