// Whether a statement names anything that is not the system's. Pure.
#pragma once

#include <string_view>

namespace pgstatsmon {

/// Whether SQL that runs with `search_path = pg_catalog, pg_temp` names an object of another
/// schema, which it must qualify. A word in front of a dot is a schema's name unless it also stands
/// without one, as the name of what a FROM has. In doubt true.
bool names_what_is_foreign(std::string_view sql);

} // namespace pgstatsmon
