// A mutex that is held for the moving of pointers.
#include "config/event_queue.hpp"

#include <utility>

namespace pgstatsmon {

bool event_queue::add(std::string line) {
  {
    std::lock_guard guard{mutex_};
    if (closed_ || lines_.size() >= max_lines || bytes_ + line.size() > max_bytes)
      return false;
    bytes_ += line.size();
    lines_.push_back(std::move(line));
  }
  news_.notify_one();
  return true;
}

std::deque<std::string> event_queue::take() {
  std::unique_lock guard{mutex_};
  news_.wait(guard, [this] { return closed_ || !lines_.empty(); });
  bytes_ = 0;
  return std::exchange(lines_, {});
}

void event_queue::close() {
  {
    std::lock_guard guard{mutex_};
    closed_ = true;
  }
  news_.notify_all();
}

} // namespace pgstatsmon
