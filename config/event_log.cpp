// A logger of spdlog's whose sink hands lines to a thread.
#include "config/event_log.hpp"

#include "config/event_file.hpp"
#include "config/event_queue.hpp"
#include "config/log.hpp"

#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace pgstatsmon {

namespace {

constexpr auto events_name = "pgstatsmon, events";

/// What who adds events and the thread that writes them share.
struct event_traffic {
  event_queue queue{};
  std::atomic<std::shared_ptr<const event_settings>> where{};
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> dropped{0};
  std::atomic<bool> hasty{false}; ///< A slow reader is not waited for any more.
  std::mutex mutex{};
  std::condition_variable end{};
  bool ended = false;
};

/// The thread.
class event_writer {
public:
  explicit event_writer(std::shared_ptr<event_traffic> traffic) : traffic_{std::move(traffic)} {}

  void run() {
    for (auto lines = traffic_->queue.take(); !lines.empty(); lines = traffic_->queue.take())
      for (const auto& line : lines)
        write(line);
    std::lock_guard guard{traffic_->mutex};
    traffic_->ended = true;
    traffic_->end.notify_all();
  }

private:
  void write(const std::string& line) {
    if (traffic_->hasty && complained_) { // there is no time to try each
      ++traffic_->dropped;
      return;
    }
    if (auto where = traffic_->where.load(); where != where_) {
      where_ = std::move(where);
      file_.emplace(*where_);
    }
    auto error = file_->write(line, [this] { return is_patient(); });
    if (error) {
      ++traffic_->dropped;
      missing_ = line.size();
      begin_complaint(error == std::errc::no_such_device_or_address ? "nobody reads it"
                                                                    : error.message());
    } else {
      ++traffic_->written;
      missing_ -= std::min(missing_, line.size());
      if (missing_ == 0)
        end_complaint();
    }
  }

  bool is_patient() {
    if (traffic_->dropped > seen_)
      begin_complaint("its reader is slow");
    return !traffic_->hasty;
  }

  void begin_complaint(const std::string& why) {
    if (!std::exchange(complained_, true))
      say(spdlog::level::err, log_event::events_failing, "events are dropped: {}: {}", where_->file,
          why);
  }

  void end_complaint() {
    auto dropped = traffic_->dropped.load();
    if (!std::exchange(complained_, false) && dropped == seen_)
      return;
    say(spdlog::level::warn, log_event::events_recovered,
        "{}: events are written again, {} were dropped", where_->file, dropped - seen_);
    seen_ = dropped;
  }

  std::shared_ptr<event_traffic> traffic_;
  std::shared_ptr<const event_settings> where_;
  std::optional<event_file> file_;
  bool complained_ = false;
  uint64_t seen_ = 0; ///< What the log says was dropped.

  /// What must be written in a row, in bytes, before all is well: short lines still fit where a
  /// longer one did not, until together they are as long.
  size_t missing_ = 0;
};

/// Makes lines and never waits for the thread.
class event_sink : public spdlog::sinks::sink {
public:
  event_sink() : traffic_{std::make_shared<event_traffic>()} {
    auto form = std::make_shared<line_form>();
    form->format = log_settings::form::json;
    form_ = std::move(form);
  }

  ~event_sink() override { end(std::chrono::milliseconds{0}); }
  event_sink(const event_sink&) = delete;
  event_sink& operator=(const event_sink&) = delete;

  void follow(const event_settings& where) {
    traffic_->where = std::make_shared<const event_settings>(where);
    if (!thread_.joinable())
      thread_ = std::thread{[traffic = traffic_] { event_writer{traffic}.run(); }};
  }

  void end(std::chrono::milliseconds patience) {
    if (!thread_.joinable())
      return;
    traffic_->queue.close();
    std::unique_lock guard{traffic_->mutex};
    auto ended = [this] { return traffic_->ended; };
    traffic_->end.wait_for(guard, patience, ended);
    traffic_->hasty = true;
    // A file system that does not answer keeps its thread, and what that uses.
    constexpr std::chrono::milliseconds last_wait{300};
    auto joins = traffic_->end.wait_for(guard, last_wait, ended);
    guard.unlock();
    if (joins)
      thread_.join();
    else
      thread_.detach();
  }

  [[nodiscard]] event_counts counts() const { return {traffic_->written, traffic_->dropped}; }

  void log(const spdlog::details::log_msg& msg) override {
    spdlog::memory_buf_t line;
    line_formatter{form_}.format(msg, line);
    if (!traffic_->queue.add({line.data(), line.size()}))
      ++traffic_->dropped;
  }

  void flush() override {
    // nop
  }
  void set_pattern(const std::string&) override {
    // nop
  }
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {
    // nop
  }

private:
  std::shared_ptr<event_traffic> traffic_;
  std::shared_ptr<const line_form> form_;
  std::thread thread_;
};

std::shared_ptr<event_sink> sink_of(const std::shared_ptr<spdlog::logger>& x) {
  return x == nullptr ? nullptr : std::dynamic_pointer_cast<event_sink>(x->sinks().front());
}

} // namespace

void start_events(const event_settings& x) {
  auto logger = spdlog::get(events_name);
  if (x.file.empty()) {
    if (logger != nullptr)
      stop_events();
    return;
  }
  if (logger == nullptr) {
    logger = std::make_shared<spdlog::logger>(events_name, std::make_shared<event_sink>());
    logger->set_level(spdlog::level::trace);
    spdlog::register_logger(logger);
  }
  if (auto sink = sink_of(logger))
    sink->follow(x);
}

void stop_events(std::chrono::milliseconds patience) {
  auto sink = sink_of(spdlog::get(events_name));
  spdlog::drop(events_name);
  if (sink != nullptr)
    sink->end(patience);
}

bool are_events_kept() {
  return spdlog::get(events_name) != nullptr;
}

void keep_event(spdlog::level::level_enum x, const log_fields& fields, std::string_view line) {
  if (auto logger = spdlog::get(events_name))
    write_line(*logger, x, fields, line);
}

event_counts count_events() {
  auto sink = sink_of(spdlog::get(events_name));
  return sink == nullptr ? event_counts{} : sink->counts();
}

} // namespace pgstatsmon
