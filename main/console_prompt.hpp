// The console's prompt, with history and completion by libedit.
#pragma once

#include "main/console_link.hpp"

namespace pgstatsmon {

/// Reads commands from the terminal and prints their answers until the end of input or `quit`.
/// History is kept in `$XDG_STATE_HOME/pgstatsmon_history`, or in `~/.pgstatsmon_history`.
/// @returns false when no daemon can be reached at all.
bool run_prompt(console_link& link);

} // namespace pgstatsmon
