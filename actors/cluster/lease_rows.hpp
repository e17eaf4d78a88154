// The engine's rows in PostgreSQL: what an order is in SQL, and what its answer says. Pure.
#pragma once

#include "messages/cluster.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

struct pg_result; // libpq's PGresult

namespace pgstatsmon {

/// Where the rows are.
struct lease_place {
  std::string schema; ///< Ours: made when it is missing.
  std::string fleet;  ///< Several share a schema.

  friend bool operator==(const lease_place&, const lease_place&) = default;
};

/// What makes the tables where they are missing, each a statement of its own. Needs 9.5.
std::vector<std::string> table_statements(const lease_place& where);

/// The statements of an order, which must be one transaction; the last two ask who is there and who
/// has what.
///
/// All that writes holds a lock of the fleet's, and begins with deleting what has ended by the
/// server's clock: so leases end in order, and what hung on one is gone before anybody can take it.
/// Who only looks holds no lock and writes nothing.
std::vector<std::string> order_statements(const lease_place& where, const engine_order& order);

/// From the rows of those two: ec::cluster_failed when they are no such rows.
/// @param self Who asked.
caf::expected<engine_view_ptr> view_of(const pg_result* members, const pg_result* slots,
                                       const member_record& self);

} // namespace pgstatsmon
