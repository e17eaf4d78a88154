// `pgstatsmon --lint`: are the query definitions right, by themselves and on real servers?
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What is looked at, and on which servers.
struct lint_options {
  std::string directory;            ///< Of the definitions; empty: those that are compiled in.
  std::vector<std::string> against; ///< Servers, as libpq's conninfo.
};

/// Writes a line for each fault to `faults`, and to `out` what was not tried and a line for each
/// server. Blocks. Prepares on each server all SQL that fits its version, its role and the versions
/// of its extensions, and whose needs it meets; executes none of it.
/// @returns 0 when nothing is wrong, else 1.
int run_lint(const lint_options& options, std::ostream& out, std::ostream& faults);

} // namespace pgstatsmon
