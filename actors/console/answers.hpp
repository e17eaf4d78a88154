// From a command to its answer, as far as no actor has to be asked.
#pragma once

#include "actors/console/command.hpp"
#include "actors/console/reports.hpp"
#include "actors/console/sources.hpp"
#include "actors/console/stat_tables.hpp"
#include "messages/poll.hpp"

#include <caf/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// What a console gets to read.
struct answer {
  std::string text; ///< Whole lines.
  bool good = true; ///< False when the text is an error, or tells of a poll that failed.
};

/// A report in the form that the command asks for.
answer show(const command& of, const report& x, bool good = true);

/// An error in that form: `error: …`, or an object with one key.
answer show(const command& of, const caf::error& x);

/// Answers a command; nothing when the SCHEDULER or DISCOVERY has to be asked. Logs what it
/// changes.
/// @param stats What the session saw last.
std::optional<answer> answer_now(const command& x, const console_sources& from, stat_tables& stats);

/// Has what show_locks() shows asked with the backend's next poll.
void want_look(const command& of, const console_sources& from);

/// Who waits for whom, after that poll.
answer show_locks(const command& of, const poll_report& x, const console_sources& from);

/// What came of a poll by order, in words.
std::string_view outcome_of(const poll_report& x);

/// The answer to poll_order: the outcome, and the backend as it is now.
answer show_poll(const command& of, const poll_report& x, const console_sources& from);

/// The answer to pause_order and resume_order.
answer show_count(const command& of, uint64_t backends);

} // namespace pgstatsmon
