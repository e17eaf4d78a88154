// The second-look rule: whether a source's list is believed, or needs a second poll first. Pure.
#pragma once

#include "config/settings.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Whether a list of `now` backends after one of `before` could be a wrong answer: it is empty and
/// the last one was not, or the last one had `at_least` and it has fewer than the share `below`.
bool suspicious(size_t before, size_t now, const shrink_settings& limits);

/// What one source is believed to have. One wrong answer never drops a fleet: a suspicious list
/// is believed only when the very next good answer says the same, `recheck` or more after it.
class belief {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit belief(shrink_settings limits) : limits_{limits} {}

  /// The list that is believed without asking: the last one of a former life.
  void assume(std::vector<std::string> ids);

  /// A good answer came.
  /// @returns whether it is believed; if not, the next poll is due at `second_look`.
  bool judge(std::vector<std::string> ids, time_point now);

  /// A poll failed in between: the next suspicious list is the first again.
  void forget_doubt() noexcept { doubted_.reset(); }

  [[nodiscard]] bool doubting() const noexcept { return doubted_.has_value(); }

  /// When the list that is doubted may be confirmed; only while doubting.
  [[nodiscard]] time_point second_look() const noexcept { return second_look_; }

  /// How many backends the list has that is believed.
  [[nodiscard]] size_t size() const noexcept { return believed_.size(); }

private:
  shrink_settings limits_;
  std::vector<std::string> believed_;               // sorted
  std::optional<std::vector<std::string>> doubted_; // sorted
  time_point second_look_;
};

} // namespace pgstatsmon
