// `pgstatsmon --print-setup`: what a DBA has to do for a configuration.
#include "main/print_setup.hpp"

#include "actors/backend/setup_script.hpp"
#include "actors/discovery/ask_once.hpp"
#include "config/databases.hpp"
#include "config/settings.hpp"
#include "config/socket_directory.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <variant>

namespace pgstatsmon {

namespace {

using needs_by_user = std::map<std::string, role_needs>;

/// The value that a keyword has in the end; empty when nobody gives it one.
std::string parameter(const settings& x, const parameter_list& own, std::string_view keyword) {
  std::string result;
  for (const auto& [name, value] : x.connections.parameters)
    if (name == keyword)
      result = value;
  for (const auto& [name, value] : own)
    if (name == keyword)
      result = value;
  return result;
}

void add(needs_by_user& to, const settings& options, const backend& x) {
  auto& role = to.try_emplace(x.user, role_needs{.user = x.user}).first->second;
  if (x.kind == backend_kind::pgbouncer) {
    role.pgbouncers = true;
    return;
  }
  role.databases.insert(x.database);
  role.all_databases = role.all_databases || x.databases.on;
  role.visits = std::max(role.visits, sessions_of(x.databases) - 1);
  auto socket = is_socket_directory(x.address) || !parameter(options, x.parameters, "host").empty();
  (socket ? role.over_socket : role.over_tcp) = true;
  auto sslmode = parameter(options, x.parameters, "sslmode");
  role.tls = role.tls || sslmode == "require" || sslmode.starts_with("verify");
}

/// A backend as a source that would have to be asked could list it, for each of its databases.
backend_list models(const source_spec& x) {
  found_backend found;
  found.name = found.address = "model";
  backend_list result{to_backend(found, x.defaults)};
  for (const auto& [role, database] : x.defaults.roles) {
    found.role = role;
    result.push_back(to_backend(found, x.defaults));
  }
  return result;
}

} // namespace

int run_print_setup(const std::string& file, int32_t server_version, std::ostream& to,
                    std::ostream& complaints) {
  auto options = load_settings(file, reading_for::checking);
  if (!options) {
    complaints << context_of(options.error()) << '\n';
    return 1;
  }
  needs_by_user roles;
  for (const auto& spec : source_specs(*options)) {
    const auto* list = std::get_if<file_source_settings>(&spec.how);
    auto readable = list != nullptr && !is_given_by_service_manager(list->path);
    if (!readable && !std::holds_alternative<static_list>(spec.how)) {
      for (const auto& x : models(spec))
        add(roles, *options, x);
      continue;
    }
    auto outcome = ask_once(spec);
    if (outcome.problem) {
      complaints << outcome.problem->what << '\n';
      return 1;
    }
    for (const auto& x : outcome.backends)
      add(roles, *options, x);
  }
  std::vector<role_needs> needed;
  for (auto& [user, role] : roles)
    needed.push_back(std::move(role));
  to << setup_script(needed, server_version);
  return 0;
}

} // namespace pgstatsmon
