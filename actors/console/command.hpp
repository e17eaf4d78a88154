// The console's language: a line becomes a command.
#pragma once

#include "actors/console/selection.hpp"

#include <caf/expected.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// What can be asked and ordered.
enum class verb : uint8_t {
  help,
  actors,
  actor,
  backends,
  backend,
  clusters,
  cluster,
  plan_of,
  statements,
  queries,
  scheduler,
  discovery,
  top,
  locks,
  poll,
  pause,
  resume,
  log,
  backendstat,
  querystat,
  walstat,
  quit,
  frames,   ///< For programs: every answer ends with a line that says so.
  complete, ///< For programs: how a line may go on.
};

/// A line that was understood.
struct command {
  verb what = verb::help;
  bool watch = false;      ///< Again every second.
  bool json = false;       ///< `--json`
  bool tree = false;       ///< `--tree`
  bool all = false;        ///< `--all`
  bool sql = false;        ///< `--sql`
  bool disconnect = false; ///< `--disconnect`
  std::string name;        ///< A backend, an actor's number, a verb to explain; may be empty.
  std::string backend;     ///< `--backend NAME`
  backend_selection which; ///< `--filter LABEL=VALUE`, several times, and `--sort COLUMN`.
  uint16_t width = 0;      ///< `--width COLUMNS` of the client's terminal; 0: none.
  caf::timespan span{0};   ///< Of a pause; 0: none was given.

  friend bool operator==(const command&, const command&) = default;
};

/// Understands a line. Words are separated by blanks; one in "double quotes" may contain some.
/// @returns the command, or ec::bad_command with what is wrong and what is expected.
caf::expected<command> parse_command(std::string_view line);

/// Every command with its usage and what it does; or those of one verb, in more words.
/// @returns an empty text for an unknown verb.
std::string help_text(std::string_view of = {});

/// The word that a line ends with, with its quote when one is open; empty behind a blank.
std::string_view last_word(std::string_view line) noexcept;

/// How the last word of a line may go on: whole words, in order.
/// @param backends Names that may stand where a backend is expected.
/// @param filters What may stand behind `--filter`.
std::vector<std::string> completions(std::string_view line,
                                     const std::vector<std::string>& backends,
                                     const std::vector<std::string>& filters = {});

} // namespace pgstatsmon
