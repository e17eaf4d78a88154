// Asking a server for its place in its cluster, and reading the answers.
#pragma once

#include "actors/registry/server_report.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace pgstatsmon {

/// The first version that says which cluster it is of without the replication protocol. Earlier
/// ones are asked nothing.
inline constexpr int32_t first_with_cluster = 90600;

/// Asks for a server_report: rows of a kind and texts. Empty before first_with_cluster. Fails where
/// the role may not read the control file, which has the system identifier.
/// @param with_identity For the server_identity, too.
std::string cluster_query(int32_t server_version, bool with_identity);

/// The answer to cluster_query(); nothing when it is none.
/// @param identity What an earlier answer had, where this one has none. Null: there was none.
/// @returns a report without time and address.
std::optional<server_report> read_cluster(const PGresult& rows, const identity_ptr& identity);

/// A position in the WAL as PostgreSQL writes it, `16/B374D848`, in bytes.
std::optional<uint64_t> parse_lsn(std::string_view x) noexcept;

/// The value of a keyword of a conninfo as PostgreSQL shows it; empty when it is not there.
std::string conninfo_value(std::string_view conninfo, std::string_view keyword);

} // namespace pgstatsmon
