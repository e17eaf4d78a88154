// What is logged while a test runs, for the test to look at.
#pragma once

#include "config/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon::test {

/// While it lives, lines of every level go here and nowhere else. Any thread may log.
class captured_log {
public:
  captured_log() : before_{spdlog::default_logger()}, sink_{std::make_shared<memory>()} {
    auto logger = std::make_shared<spdlog::logger>("captured", sink_);
    logger->set_level(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
  }
  ~captured_log() { spdlog::set_default_logger(before_); }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

  /// As `level message`, oldest first.
  std::vector<std::string> lines() { return sink_->lines(); }

  /// The fields of each, as to_json_members() has them.
  std::vector<std::string> members() { return sink_->members(); }

private:
  class memory : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::vector<std::string> lines() {
      std::lock_guard guard{mutex_};
      return lines_;
    }
    std::vector<std::string> members() {
      std::lock_guard guard{mutex_};
      return members_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& msg) override {
      auto level = spdlog::level::to_string_view(msg.level);
      lines_.push_back(std::string{level.data(), level.size()} + ' '
                       + std::string{sentence_of(msg)});
      members_.emplace_back(members_of(msg));
    }
    void flush_() override {
      // nop
    }
    std::vector<std::string> lines_;
    std::vector<std::string> members_;
  };

  std::shared_ptr<spdlog::logger> before_;
  std::shared_ptr<memory> sink_;
};

} // namespace pgstatsmon::test
