// Cuts connections that take too long, however busy they seem.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace pgstatsmon {

/// A client that sends or reads a byte now and then is never idle. Here each connection has a
/// point in time after which it is shut down. Any thread may call any member.
class deadlines {
public:
  using clock = std::chrono::steady_clock;

  deadlines() : thread_{[this] { run(); }} {}
  deadlines(const deadlines&) = delete;
  deadlines& operator=(const deadlines&) = delete;
  ~deadlines();

  /// Sets when a socket is shut down, instead of what was set before. The socket must stay open
  /// until forget() returns.
  void set(int fd, clock::time_point when);

  void forget(int fd) noexcept;

  /// Shuts every socket down now. Their deadlines stay.
  void shut_down_all() noexcept;

private:
  void run();
  void shut_down_late(clock::time_point now) noexcept;

  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::unordered_map<int, clock::time_point> by_fd_;
  std::thread thread_; // the last member: it uses the others
};

} // namespace pgstatsmon
