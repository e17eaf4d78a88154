// The facts of a line of the log, beside its sentence: members of the JSON object.
#pragma once

#include "config/log_event.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// What a line is about. What is empty or 0 is left out. Views need to last only as long as the
/// call that logs.
struct log_fields {
  log_event event = log_event::none;
  std::string_view backend{};  ///< Its name, as the page has it.
  std::string_view cluster{};  ///< The system identifier of its server, where that is known.
  std::string_view source{};   ///< A discovery source.
  std::string_view database{}; ///< That is visited, or whose rows are told.
  std::string_view query{};
  std::string_view reason{};   ///< The class of a failure, as metrics have it.
  std::string_view sqlstate{}; ///< What the server said.
  uint64_t failures = 0;       ///< In a row.
  double since = 0;            ///< When these began: Unix time, s.
  std::string_view from{};     ///< What something was before it changed.
  std::string_view to{};       ///< What it became.
  /// What this event alone has, as members of a JSON object with a comma before each.
  std::string_view details{};
};

/// As members of a JSON object, each with a comma before it: `,"event":"serving"`. Bytes that are
/// no UTF-8 are replaced by U+FFFD.
std::string to_json_members(const log_fields& x);

/// A moment as the log writes it: `2026-01-02T03:04:05Z`.
/// @param unix_time Seconds.
std::string moment_text(double unix_time);

} // namespace pgstatsmon
