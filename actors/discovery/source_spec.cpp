// The sources that a configuration asks for.
#include "actors/discovery/source_spec.hpp"

#include "config/collect.hpp"
#include "config/databases.hpp"

namespace pgstatsmon {

namespace {

backend_defaults defaults_of(const settings& x, std::string_view source, const label_list& labels,
                             const collect_settings& collect, const database_settings& databases) {
  backend_defaults result;
  result.source = source;
  result.port = x.backend_port;
  result.database = x.database;
  result.user = x.user;
  result.roles = x.roles;
  result.labels = merged(x.target.metadata, labels);
  result.collect = narrowed(narrowed({}, x.collect), collect);
  result.databases = narrowed(narrowed({}, x.databases), databases);
  return result;
}

parameter_list list_of(const connect_parameters& x) {
  parameter_list result;
  for (const auto& [keyword, value] : x)
    result.emplace_back(keyword, value);
  return result;
}

found_backend found(const static_backend& x) {
  found_backend result;
  result.name = x.name;
  result.address = x.ip;
  result.port = x.port.value_or(0);
  result.role = x.role.value_or("");
  result.database = x.database.value_or("");
  result.user = x.user.value_or("");
  result.collect = x.collect;
  result.databases = x.databases;
  result.kind = x.kind;
  result.labels = x.labels;
  result.password_file = x.access.password_file;
  result.parameters = list_of(x.access.parameters);
  return result;
}

source_spec static_spec(const settings& x) {
  static_list list;
  for (const auto& entry : x.static_backends)
    list.backends.push_back(found(entry));
  return {.name = std::string{static_source_name},
          .how = std::move(list),
          .defaults = defaults_of(x, static_source_name, {}, {}, {})};
}

} // namespace

std::vector<source_spec> source_specs(const settings& x, const catalogue* queries) {
  std::vector<source_spec> result;
  auto defaults_for = [&](const auto& how) {
    auto defaults = defaults_of(x, how.name, how.labels, how.collect, how.databases);
    defaults.kind = how.kind;
    defaults.password_file = how.access.password_file;
    defaults.parameters = list_of(how.access.parameters);
    return defaults;
  };
  auto add = [&](const auto& list) {
    for (const auto& how : list)
      result.push_back({how.name, how, defaults_for(how), x.state_dir});
  };
  if (!x.static_backends.empty())
    result.push_back(static_spec(x));
  for (const auto& how : x.vmapi) {
    auto defaults = defaults_for(how);
    for (const auto& [role, database] : how.roles)
      defaults.roles.insert_or_assign(role, database);
    result.push_back({how.name, how, std::move(defaults), x.state_dir});
  }
  add(x.files);
  add(x.http_sd);
  add(x.dns);
  add(x.patroni);
  for (auto& [name, how, defaults, state_dir] : result)
    if (queries != nullptr) {
      defaults.query_labels = query_labels(*queries, defaults.collect, defaults.databases.on);
      defaults.console_labels =
        query_labels(*queries, defaults.collect, false, backend_kind::pgbouncer);
    }
  return result;
}

backend_list static_backends(const settings& x) {
  auto spec = static_spec(x);
  std::vector<rejection> repeated;
  return to_backends(std::get<static_list>(spec.how).backends, spec.defaults, repeated);
}

} // namespace pgstatsmon
