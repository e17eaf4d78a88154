// libpq's password file: which one it would read, and why it would not.
#pragma once

#include "config/connect_parameters.hpp"

#include <string>

namespace pgstatsmon {

/// The file that libpq looks a password up in: the last `passfile` of the parameters, else
/// PGPASSFILE, else ~/.pgpass. Empty when there is no home.
std::string passfile_of(const connect_parameters& parameters);

/// Why libpq refuses to read the file, in a sentence with its name; it would say so on stderr,
/// beside the log. Empty when it reads the file, and when there is none. One stat().
std::string passfile_problem(const std::string& file);

/// A name that libpq finds no file under, and keeps silent about.
inline constexpr const char* no_passfile = "/dev/null/none";

} // namespace pgstatsmon
