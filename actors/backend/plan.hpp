// The plan: which SQL of which query applies to one server.
#pragma once

#include "actors/backend/found_facts.hpp"
#include "config/catalogue.hpp"
#include "messages/backend.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// For each query of a catalogue, in its order: the index of the variant to send, or nothing when
/// the query does not apply.
using plan = std::vector<std::optional<size_t>>;

/// What decides which queries apply.
struct plan_facts {
  int32_t version = 0;                     ///< As `server_version_num` has it: 90624, 150020.
  server_role role = server_role::unknown; ///< Variants for one role fit no server of unknown role.
  bool functions = false; ///< The functions that setup makes before PostgreSQL 10 can be used.
  found_facts found{};
  collect_rules collect{};
  bool visit = false; ///< Of one more database: the server's own queries are asked elsewhere.
  backend_kind kind = backend_kind::postgres;

  friend bool operator==(const plan_facts&, const plan_facts&) = default;
};

/// Makes the plan for a server. Of a query's variants the first that fits is taken; versions newer
/// than any that we know fit the ranges without an end.
plan make_plan(const catalogue& queries, const plan_facts& facts);

/// Why a query is not in a plan, for a person: `switched off`, `needs extension
/// pg_stat_statements`, `not for 9.6.24`, `for a primary only`. Empty when it is in it.
std::string why_left_out(const query_definition& query, const plan_facts& facts);

/// Why a query of scope database that is in the plan is not asked in the server's other databases:
/// setup makes its functions in one only. Empty where it is, or is of the server.
std::string why_not_elsewhere(const query_definition& query, const plan_facts& facts);

} // namespace pgstatsmon
