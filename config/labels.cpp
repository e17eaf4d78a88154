// The names of labels that are ours, Prometheus' or a query's.
#include "config/labels.hpp"

#include "config/collect.hpp"
#include "config/databases.hpp"

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

// Labels of our own metrics about a backend, and of histograms and summaries.
constexpr auto of_backends = std::to_array<std::string_view>(
  {"backend", "le", "name", "quantile", "query", "reason", "role", "state", "version"});

// Labels of our own metrics about the daemon.
constexpr auto of_daemon = std::to_array<std::string_view>(
  {"change", "compiler", "le", "quantile", "reason", "source", "version"});

bool is_ours(std::string_view name, labelled on) {
  return std::ranges::find(of_backends, name) != of_backends.end()
         || (on == labelled::everything && std::ranges::find(of_daemon, name) != of_daemon.end());
}

} // namespace

std::string label_name_fault(std::string_view name, labelled on) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto word = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || !letter(name.front()) || !std::ranges::all_of(name, word))
    return "is no label name, expected letters, digits and _, no digit first";
  if (name.starts_with("__"))
    return "is no label name, those that begin with __ are Prometheus' own";
  if (is_ours(name, on))
    return "is a label of our own metrics, expected another name";
  return {};
}

query_label_map query_labels(const catalogue& queries, const collect_rules& rules,
                             bool all_databases, backend_kind kind) {
  query_label_map result;
  for (const auto& query : queries.queries())
    if (query.kind == kind && collects(rules, query))
      for (const auto& label : label_names(query, all_databases))
        result.emplace(label, query.name);
  return result;
}

std::string query_label_fault(std::string_view name, const query_label_map& taken) {
  auto i = taken.find(name);
  return i == taken.end() ? std::string{}
                          : "is a label of the query " + i->second + ", expected another name";
}

bool doubles(const label_list& labels, const query_definition& query, bool all_databases) {
  auto names = label_names(query, all_databases);
  return std::ranges::any_of(labels, [&](const auto& label) {
    return std::ranges::find(names, label.first) != names.end();
  });
}

caf::error check_static_labels(const settings& options, const catalogue& queries,
                               const std::string& file) {
  auto rules = narrowed({}, options.collect);
  auto of_servers = query_labels(queries, rules, watches_databases(options));
  auto of_consoles = query_labels(queries, rules, false, backend_kind::pgbouncer);
  std::vector<fault> faults;
  auto look = [&](fault place, const query_label_map& taken) {
    if (auto what = query_label_fault(place.what, taken); !what.empty()) {
      place.what = std::move(what);
      faults.push_back(std::move(place));
    }
  };
  for (const auto& place : options.static_labels) {
    look(place, of_servers);
    // What is on everything is on the series of pgbouncers, too.
    if (place.path.starts_with("target.") && watches_consoles(options))
      look(place, of_consoles);
  }
  for (const auto& place : options.console_labels)
    look(place, of_consoles);
  return faults.empty() ? caf::error{} : make_error(std::move(faults), file);
}

} // namespace pgstatsmon
