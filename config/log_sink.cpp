// Waits for stderr in slices, so that it can be told to stop waiting.
#include "config/log_sink.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace pgstatsmon {

stderr_sink::stderr_sink(std::shared_ptr<line_form> form)
  : base_sink{std::make_unique<line_formatter>(form)}, form_{std::move(form)} {
  // nop
}

bool stderr_sink::wait_for_flush(std::chrono::milliseconds patience) {
  std::unique_lock guard{flush_mutex_};
  return flush_done_.wait_for(guard, patience, [this] { return flushed_; });
}

void stderr_sink::sink_it_(const spdlog::details::log_msg& msg) {
  spdlog::memory_buf_t line;
  formatter_->format(msg, line);
  std::string_view rest{line.data(), line.size()};
  while (!rest.empty() && is_writable()) {
    // A pipe that is writable takes this much without blocking.
    auto n = write(STDERR_FILENO, rest.data(), std::min<size_t>(rest.size(), PIPE_BUF));
    if (n > 0)
      rest.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR && errno != EAGAIN)
      return;
  }
}

void stderr_sink::flush_() {
  std::unique_lock guard{flush_mutex_};
  flushed_ = true;
  flush_done_.notify_all();
}

bool stderr_sink::is_writable() const {
  constexpr int look_again_ms = 100;
  for (;;) {
    pollfd descriptor{STDERR_FILENO, POLLOUT, 0};
    auto waiting = waiting_.load();
    auto n = poll(&descriptor, 1, waiting ? look_again_ms : 0);
    if (n != 0 && !(n < 0 && errno == EINTR))
      return true; // if it is broken, write() says so
    if (!waiting)
      return false;
  }
}

} // namespace pgstatsmon
