// A bucket of tokens: a limit of requests a second that allows bursts.
#pragma once

#include "config/web_config.hpp"

#include <chrono>
#include <mutex>

namespace pgstatsmon {

/// Any thread may use it.
class rate_limiter {
public:
  using clock = std::chrono::steady_clock;

  /// Begins full. An interval of 0 is no limit.
  explicit rate_limiter(const rate_limit_config& limit) : limit_{limit} {}

  /// Takes a token, if there is one.
  bool take(clock::time_point now);

private:
  rate_limit_config limit_;
  std::mutex mutex_;
  /// When the bucket is full again: a token is taken from the future.
  clock::time_point full_{};
};

} // namespace pgstatsmon
