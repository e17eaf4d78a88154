// The log's words instead of libpq's.
#include "actors/backend/passfile_guard.hpp"

#include "config/log.hpp"
#include "config/passfile.hpp"

#include <algorithm>

namespace pgstatsmon {

connect_parameters passfile_guard::checked(connect_parameters parameters) {
  auto has_password = std::ranges::any_of(
    parameters, [](const auto& x) { return x.keyword == "password" && !x.value.empty(); });
  if (has_password)
    return parameters;
  auto problem = passfile_problem(passfile_of(parameters));
  if (problem.empty())
    return parameters;
  parameters.add("passfile", no_passfile);
  std::lock_guard lock{mutex_};
  if (refused_.failed(problem, caf::actor_clock::clock_type::now()) != complaint::news::nothing)
    say(spdlog::level::warn, log_event::passfile_refused, "{}", problem);
  return parameters;
}

} // namespace pgstatsmon
