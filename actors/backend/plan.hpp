// The plan: which SQL of which query applies to one server.
#pragma once

#include "config/catalogue.hpp"
#include "messages/backend.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgstatsmon {

/// For each query of a catalogue, in its order: the index of the variant to send, or nothing when
/// the query does not apply.
using plan = std::vector<std::optional<size_t>>;

/// Makes the plan for a server. Of a query's variants the first that fits is taken; versions newer
/// than any that we know fit the ranges without an end.
/// @param server_version As `server_version_num` has it: 90624, 150020.
/// @param role Variants for one role fit no server whose role is unknown.
/// @param have_functions Whether the functions that setup makes before PostgreSQL 10 can be used.
plan make_plan(const catalogue& queries, int32_t server_version, server_role role,
               bool have_functions);

} // namespace pgstatsmon
