// `pgstatsmon --check`: what is wrong with a configuration, or what would be watched.
#pragma once

#include <iosfwd>
#include <string>

namespace pgstatsmon {

/// Looks at a configuration file and at all that it names on this machine: query definitions, lists
/// of backends, files with passwords, the web configuration. Touches no server and writes nothing.
/// What only the service manager knows (`%d/`) is not looked at, and a warning says so.
/// @param to Gets what would be watched, when nothing is wrong.
/// @param complaints Gets every fault and every warning, a line each.
/// @returns an exit code: 0, or 1 when something is wrong.
int run_check(const std::string& file, std::ostream& to, std::ostream& complaints);

} // namespace pgstatsmon
