// `pgstatsmon console`: one command, lines from a file, or a prompt.
#pragma once

#include "main/command_line.hpp"

namespace pgstatsmon {

/// Talks to a daemon's console. With a command: prints its answer. Without one: a prompt on a
/// terminal, else every line of standard input is a command.
/// @returns the exit code: 1 when the daemon can't be reached or an answer was an error.
int run_console(const console_options& x);

} // namespace pgstatsmon
