// What many backends say alike: the first few lines of a kind stand in the log, the others are
// summed up.
#pragma once

#include <caf/actor_clock.hpp>
#include <spdlog/common.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Of each kind of line, five a minute are written; then one a minute says how many backends have
/// the same to say. Any thread.
class log_summary {
public:
  using time_point = caf::actor_clock::time_point;

  struct line {
    spdlog::level::level_enum level = spdlog::level::info;
    std::string text;
  };

  /// Whether a line about a backend is to be written. If not, the next summary counts the backend.
  /// @param kind What such lines have in common, as the summary says it: one of a few.
  bool worth_a_line(spdlog::level::level_enum level, std::string_view kind,
                    const std::string& backend, time_point now);

  /// The summaries that are due. Ask every few seconds at least.
  std::vector<line> sum_up(time_point now);

private:
  struct kind_state {
    spdlog::level::level_enum level = spdlog::level::info;
    size_t written = 0; ///< Since `since`.
    time_point since{};
    std::set<std::string> silent{}; ///< Backends that the next summary counts.
    time_point due{};               ///< When that is, if there are any.
  };

  std::mutex mutex_;
  std::map<std::string, kind_state, std::less<>> kinds_;
};

} // namespace pgstatsmon
