// The SQL of setup: what makes the polling role and its rights, and what looks whether they are
// there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// An SQL identifier, always quoted. Names are not checked: what is too long, the server cuts.
std::string quote_identifier(std::string_view x);

/// An SQL string constant that means the same whatever standard_conforming_strings is.
std::string quote_literal(std::string_view x);

/// Whether setup makes something in each watched database, and not only in what all share.
bool setup_is_by_database(int32_t server_version);

/// What setup sends to a primary, each statement on its own and in a read-write transaction.
/// Idempotent: nothing is written where all is there. Several may run at once, in one database or
/// in several of one cluster.
///
/// Creates the role where it is missing, with LOGIN, a limit of sessions that fits the databases, a
/// search_path of the system's schemas and no other attribute. An existing role keeps its own, but
/// for a limit that an earlier setup made too small. From PostgreSQL 10 on
/// it becomes a member of pg_monitor; before, schema `pgstatsmon` gets functions that run with
/// their owner's rights, for this role alone.
/// @param server_version As `server_version_num` has it.
/// @param user The polling role.
/// @param verifier Its password as PQencryptPasswordConn encrypts it; empty: it gets none. Only a
/// new role gets it.
/// @param visits Sessions that a daemon has in databases beside the backend's own.
std::vector<std::string> setup_statements(int32_t server_version, std::string_view user,
                                          std::string_view verifier, uint32_t visits = 0);

/// The same for people who do it by hand: the bodies of these blocks, each of which is one DO.
std::vector<std::string> setup_bodies(int32_t server_version, std::string_view user,
                                      std::string_view verifier, uint32_t visits = 0);

/// A query that any role may run. Its one row has one boolean column, `complete`: from PostgreSQL
/// 10 on whether pg_monitor's rights are the role's, before whether it can use setup's functions.
std::string rights_query(int32_t server_version);

} // namespace pgstatsmon
