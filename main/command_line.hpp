// The command line.
#pragma once

#include "main/lint.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// `pgstatsmon console`.
struct console_options {
  std::string socket = "/run/pgstatsmon/console.sock"; ///< Of the daemon.
  bool json = false;
  std::vector<std::string> words; ///< The command; empty: the user is asked for commands.
};

/// What the process is to do.
struct command_line {
  std::string file;                       ///< The configuration file.
  bool check = false;                     ///< Validate the file only.
  bool discover = false;                  ///< Ask the discovery sources once only.
  bool json = false;                      ///< ... and print JSON.
  std::optional<int32_t> print_setup{};   ///< Print what a DBA does on a server of this version.
  std::optional<console_options> console; ///< Talk to a daemon instead.
  std::optional<lint_options> lint;       ///< Look at query definitions instead.
};

/// Nothing is to be done any more: 0 after --help and --version, 2 for wrong usage.
enum class exit_code : int {};

using parsed_command_line = std::variant<command_line, exit_code>;

/// Parses the arguments; prints help and version on stdout, complaints on stderr.
parsed_command_line parse_command_line(int argc, const char* const* argv);

} // namespace pgstatsmon
