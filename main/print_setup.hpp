// `pgstatsmon --print-setup`: what a DBA has to do for a configuration.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace pgstatsmon {

/// Prints the SQL and the lines of pg_hba.conf that the backends of a configuration need: those
/// that it lists, those in its files, and of other sources what the configuration says of them.
/// Asks nobody.
/// @param server_version As `server_version_num` has it.
/// @returns an exit code: 0, or 1 when the configuration is wrong.
int run_print_setup(const std::string& file, int32_t server_version, std::ostream& to,
                    std::ostream& complaints);

} // namespace pgstatsmon
