// Where lines of the log go: stderr, which may be slow or full.
#pragma once

#include "config/log.hpp"

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace pgstatsmon {

/// Writes lines to stderr and says when it has written all. Any thread may call it.
class stderr_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit stderr_sink(std::shared_ptr<line_form> form);

  void set_format(log_settings::form x) { form_->format = x; }

  /// Waits until flush() has been called; false when it took too long.
  bool wait_for_flush(std::chrono::milliseconds patience);

  /// From now on, a line that stderr does not take at once is dropped.
  void stop_waiting() { waiting_ = false; }

private:
  void sink_it_(const spdlog::details::log_msg& msg) override;
  void flush_() override;
  [[nodiscard]] bool is_writable() const;

  std::shared_ptr<line_form> form_;
  std::atomic<bool> waiting_ = true;
  std::mutex flush_mutex_;
  std::condition_variable flush_done_;
  bool flushed_ = false;
};

} // namespace pgstatsmon
