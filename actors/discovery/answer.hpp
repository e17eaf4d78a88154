// What asking a source comes to: a list, or why there is none.
#pragma once

#include "actors/discovery/discovery_metrics.hpp"
#include "actors/discovery/found.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <variant>

namespace pgstatsmon {

/// Why a source gave no list.
struct source_problem {
  source_failure reason = source_failure::network;
  std::string what; ///< A sentence for the operator, without a dot.

  friend bool operator==(const source_problem&, const source_problem&) = default;
};

using source_answer = std::variant<found_list, source_problem>;

/// Asks a source once. Blocks, but for a bounded time, and ends early when a stop is requested;
/// what it returns then means nothing. Called by one thread at a time. Never throws.
using source_question = std::function<source_answer(std::stop_token)>;

} // namespace pgstatsmon
