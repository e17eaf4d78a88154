// How a find becomes a backend.
#include "actors/discovery/found.hpp"

#include "config/collect.hpp"
#include "config/databases.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace pgstatsmon {

namespace {

std::string database_of(const found_backend& x, const backend_defaults& defaults,
                        backend_kind kind) {
  if (!x.database.empty())
    return x.database;
  if (kind == backend_kind::pgbouncer)
    return std::string{console_database};
  auto i = defaults.roles.find(x.role);
  return i == defaults.roles.end() ? defaults.database : i->second;
}

/// What is wrong with the labels of a find; empty when nothing is.
std::string label_fault(const label_list& labels, const query_label_map& taken) {
  for (const auto& [name, value] : labels) {
    auto fault = label_name_fault(name, labelled::backends);
    if (fault.empty())
      fault = query_label_fault(name, taken);
    if (!fault.empty())
      return fmt::format("the label '{}' {}", name, fault);
  }
  return {};
}

/// The same of a backend as it will be watched.
std::string label_fault(const found_backend& x, const backend& value,
                        const backend_defaults& defaults) {
  if (value.kind == backend_kind::postgres)
    return label_fault(x.labels, defaults.query_labels);
  auto own = label_fault(x.labels, defaults.console_labels);
  for (const auto& [name, text] : value.labels)
    // A source of both kinds has labels that only the one may have.
    if (auto fault = query_label_fault(name, defaults.console_labels);
        own.empty() && !fault.empty())
      own = fmt::format("the label '{}' {}", name, fault);
  return own;
}

} // namespace

label_list merged(label_list base, const label_list& own) {
  for (const auto& x : own) {
    auto same_name = [&x](const auto& y) { return x.first == y.first; };
    auto i = std::find_if(base.begin(), base.end(), same_name);
    if (i == base.end())
      base.push_back(x);
    else
      i->second = x.second;
  }
  return base;
}

backend to_backend(const found_backend& x, const backend_defaults& defaults) {
  backend result;
  result.kind = x.kind.value_or(defaults.kind);
  result.port = x.port == 0 ? defaults.port : x.port;
  result.database = database_of(x, defaults, result.kind);
  result.id = fmt::format("{}@{}/{}", x.key.empty() ? x.name : x.key,
                          address_and_port(x.address, result.port), result.database);
  // As the page shows it, so that names that differ still do there.
  result.name = valid_text(x.name);
  result.address = x.address;
  result.user = x.user.empty() ? defaults.user : x.user;
  result.labels = merged(defaults.labels, x.labels);
  result.source = defaults.source;
  result.password_file = x.password_file.empty() ? defaults.password_file : x.password_file;
  result.parameters = merged(defaults.parameters, x.parameters);
  result.collect = narrowed(defaults.collect, x.collect);
  if (result.kind == backend_kind::postgres)
    result.databases = narrowed(defaults.databases, x.databases);
  return result;
}

backend_list to_backends(const std::vector<found_backend>& xs, const backend_defaults& defaults,
                         std::vector<rejection>& rejected) {
  backend_list result;
  result.reserve(xs.size());
  std::unordered_set<std::string> seen;
  for (const auto& x : xs) {
    auto value = to_backend(x, defaults);
    if (auto fault = label_fault(x, value, defaults); !fault.empty())
      rejected.push_back({value.name, reject_reason::label, std::move(fault)});
    else if (seen.insert(value.id).second)
      result.push_back(std::move(value));
    else
      rejected.push_back({value.id, reject_reason::duplicate, "listed twice"});
  }
  return result;
}

} // namespace pgstatsmon
