// The log's words instead of libpq's.
#include "actors/backend/passfile_guard.hpp"

#include "config/passfile.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace pgstatsmon {

connect_parameters passfile_guard::checked(connect_parameters keywords) {
  auto has_password = std::ranges::any_of(
    keywords, [](const auto& entry) { return entry.first == "password" && !entry.second.empty(); });
  if (has_password)
    return keywords;
  auto problem = passfile_problem(passfile_of(keywords));
  if (problem.empty())
    return keywords;
  keywords.emplace_back("passfile", no_passfile);
  std::lock_guard lock{mutex_};
  if (refused_.failed(problem, caf::actor_clock::clock_type::now()) != complaint::news::nothing)
    spdlog::warn("{}", problem);
  return keywords;
}

} // namespace pgstatsmon
