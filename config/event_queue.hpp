// A queue of lines between those who log and the thread that writes: bounded, and nobody waits to
// add one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace pgstatsmon {

/// Any thread adds, one takes.
class event_queue {
public:
  static constexpr size_t max_lines = 4096;
  static constexpr size_t max_bytes = 4U << 20;

  /// Adds a line; false when there is no room for it.
  bool add(std::string line);

  /// Waits for lines and takes all of them; none when it is closed and empty.
  std::deque<std::string> take();

  /// What is there can still be taken.
  void close();

private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::string> lines_;
  size_t bytes_ = 0;
  bool closed_ = false;
};

} // namespace pgstatsmon
