// Backoff: how long to wait after a failure.
#pragma once

#include <caf/timespan.hpp>

#include <chrono>

namespace pgstatsmon {

/// Waiting times that double from `first` to `most`, each spread by 20 % to either side so that a
/// fleet that failed together does not come back together.
class backoff {
public:
  explicit backoff(caf::timespan first = std::chrono::seconds{1},
                   caf::timespan most = std::chrono::seconds{5})
    : first_{first}, most_{most}, next_{first} {}

  /// The next waiting time.
  /// @param chance Uniform in [0, 1).
  caf::timespan next(double chance) {
    auto spread = 0.8 + 0.4 * chance;
    auto result = caf::timespan{static_cast<int64_t>(static_cast<double>(next_.count()) * spread)};
    next_ = std::min(next_ * 2, most_);
    return result;
  }

  /// Starts over: the thing works again.
  void reset() { next_ = first_; }

private:
  caf::timespan first_;
  caf::timespan most_;
  caf::timespan next_;
};

} // namespace pgstatsmon
