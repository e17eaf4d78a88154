// How wide the terminal is that an answer is for.
#pragma once

#include <string>

namespace pgstatsmon {

/// A line for the console, which says how wide the terminal at standard output is, if there is one.
std::string for_terminal(std::string line);

} // namespace pgstatsmon
