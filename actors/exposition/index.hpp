// The page for people.
#pragma once

#include "actors/registry/snapshot.hpp"

#include <string>

namespace pgstatsmon {

/// The document that browsers show the fleet with. Without scripts it has links to the page, to
/// each backend's own and to the list of targets, and a table of the backends.
/// @param route Of the page.
/// @param now Unix time, s.
std::string index_html(const entry_list& backends, const std::string& route, double now);

} // namespace pgstatsmon
