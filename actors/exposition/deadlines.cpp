// A thread that looks at all deadlines twice a second: they are few, and their time is coarse.
#include "actors/exposition/deadlines.hpp"

#include <sys/socket.h>

namespace pgstatsmon {

namespace {

constexpr std::chrono::milliseconds look_interval{500};

} // namespace

deadlines::~deadlines() {
  {
    std::lock_guard guard{mutex_};
    end_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void deadlines::set(int fd, clock::time_point when) {
  std::lock_guard guard{mutex_};
  by_fd_[fd] = when;
}

void deadlines::forget(int fd) noexcept {
  std::lock_guard guard{mutex_};
  by_fd_.erase(fd);
}

void deadlines::shut_down_all() noexcept {
  std::lock_guard guard{mutex_};
  for (const auto& [fd, when] : by_fd_)
    shutdown(fd, SHUT_RDWR);
}

void deadlines::run() {
  std::unique_lock lock{mutex_};
  while (!ended_.wait_for(lock, look_interval, [this] { return end_; }))
    shut_down_late(clock::now());
}

// The owner of the socket sees its end, closes it and calls forget().
void deadlines::shut_down_late(clock::time_point now) noexcept {
  for (auto i = by_fd_.begin(); i != by_fd_.end();)
    if (i->second <= now) {
      // What the client has not taken goes with the connection.
      linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(i->first, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
      shutdown(i->first, SHUT_RDWR);
      i = by_fd_.erase(i);
    } else {
      ++i;
    }
}

} // namespace pgstatsmon
