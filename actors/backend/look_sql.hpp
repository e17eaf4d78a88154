// What people ask a server about this very moment, and no page shows. Pure.
#pragma once

#include "actors/registry/looks.hpp"

#include <string>

namespace pgstatsmon {

/// The statement that answers a look, with the columns that lock_tree() and holders_table() read:
/// a hundred waiting sessions and those in their way, or a row for each kind of holder.
/// @param server_version As 150018; empty before 10.
/// @param statements With the beginnings of the statements that run, literals and all; else no text
/// of a statement leaves the server.
std::string look_sql(look what, int32_t server_version, bool statements = false);

} // namespace pgstatsmon
