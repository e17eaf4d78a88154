// Follows the web configuration while it changes.
#pragma once

#include "actors/exposition/watched_file.hpp"
#include "actors/exposition/web_door.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Holds the newest web configuration that was right. Whoever asks for it makes us look whether its
/// files changed, once a second at most. A wrong one is logged with its faults, once, and the old
/// one stays. Any thread.
class web_guard {
public:
  using clock = std::chrono::steady_clock;

  /// @param first Loaded from `file` just now.
  /// @param changed Called with each one that replaces another, by the thread that found it.
  web_guard(std::string file, const loaded_web_door& first,
            std::function<void(const web_door&)> changed);

  /// The configuration in force.
  web_door_ptr door(clock::time_point now);

private:
  void look();

  std::string file_;
  std::function<void(const web_door&)> changed_;
  std::atomic<web_door_ptr> door_;
  std::atomic<clock::time_point> next_look_;

  // -- of the thread that looks; next_look_ lets one through at a time, the mutex is for late ones
  // --
  std::mutex mutex_;
  std::vector<std::string> files_;
  std::vector<file_stamp> stamps_;
};

} // namespace pgstatsmon
