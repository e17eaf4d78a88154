// The rules of libpq 15.
#include "config/passfile.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include <sys/stat.h>

namespace pgstatsmon {

std::string passfile_of(const connect_parameters& parameters) {
  std::string result;
  for (const auto& [keyword, value] : parameters)
    if (keyword == "passfile")
      result = value;
  if (!result.empty())
    return result;
  if (const auto* named = std::getenv("PGPASSFILE"); named != nullptr && *named != '\0')
    return named;
  const auto* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? std::string{} : std::string{home} + "/.pgpass";
}

std::string passfile_problem(const std::string& file) {
  struct stat found {};
  if (file.empty() || stat(file.c_str(), &found) != 0)
    return {};
  if (!S_ISREG(found.st_mode))
    return fmt::format("password file {} is not read: it is no plain file", file);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fmt::format("password file {} is not read: its group or others may use it (mode {:04o}, "
                       "at most 0600 is allowed)",
                       file, found.st_mode & 07777u);
  return {};
}

} // namespace pgstatsmon
