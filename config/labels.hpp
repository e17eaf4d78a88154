// Which names a static label can't have: a series with two labels of one name makes Prometheus
// refuse the whole page. Pure.
#pragma once

#include "config/catalogue.hpp"
#include "config/settings.hpp"
#include "messages/collect.hpp"

#include <caf/error.hpp>

#include <map>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// The series that a static label is put on.
enum class labelled : uint8_t {
  backends,   ///< All of a backend's: what a source says.
  everything, ///< The daemon's too: `target.metadata`.
};

/// What keeps a name from being a static label, the queries aside; empty when nothing does.
std::string label_name_fault(std::string_view name, labelled on);

/// The labels that queries make of columns, each with the first query that does.
using query_label_map = std::map<std::string, std::string, std::less<>>;

/// @param rules Only of the queries that they have.
/// @param all_databases Every database of a server is watched.
/// @param kind Only of the queries that such backends are asked.
query_label_map query_labels(const catalogue& queries, const collect_rules& rules,
                             bool all_databases = false,
                             backend_kind kind = backend_kind::postgres);

/// What a query has against a static label of a backend; empty when none has anything.
std::string query_label_fault(std::string_view name, const query_label_map& taken);

/// Whether a series of a query would have one of the labels twice.
bool doubles(const label_list& labels, const query_definition& query, bool all_databases = false);

/// Looks for static labels of a configuration that a query makes, too.
/// @param file Where the settings are from, for the faults.
/// @returns ec::bad_configuration with every fault, a line each.
caf::error check_static_labels(const settings& options, const catalogue& queries,
                               const std::string& file);

} // namespace pgstatsmon
