// `collect`: which queries of the catalogue are asked, for all, of a source or of one backend.
// Pure.
#pragma once

#include "config/catalogue.hpp"
#include "config/reader.hpp"
#include "config/settings.hpp"
#include "messages/collect.hpp"

#include <caf/error.hpp>

#include <string>

namespace pgstatsmon {

/// Reads a `collect`. The names stand in reading::set_names and reading::query_names too.
void read_collect(const value& self, collect_settings& x);

/// What holds where a narrower place has something to say as well.
collect_rules narrowed(collect_rules wider, const collect_settings& narrower);

/// Whether the rules have the query.
bool collects(const collect_rules& rules, const query_definition& query);

/// Looks for sets and queries that a configuration names and the catalogue does not have.
/// @param file Where the settings are from, for the faults.
/// @returns ec::bad_configuration with every fault, a line each.
caf::error check_collect(const settings& options, const catalogue& queries,
                         const std::string& file);

} // namespace pgstatsmon
