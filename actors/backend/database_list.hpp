// The databases of a server, and how many sessions it has left, as its own session is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon {

/// A database that we may connect to.
struct listed_database {
  std::string name;
  std::string oid;           ///< Another one: it was dropped and made again.
  uint64_t sessions = 0;     ///< Of whomever, ours included.
  uint64_t transactions = 0; ///< Since its counters were reset.

  friend bool operator==(const listed_database&, const listed_database&) = default;
};

/// All of a server but the one that was asked: no templates, none without the right CONNECT.
struct database_list {
  std::vector<listed_database> databases;
  std::optional<int64_t> server_room; ///< Sessions that the server has left for a role like ours.
  std::optional<int64_t> role_room;   ///< ... and that our role has; nothing: it has no limit.

  friend bool operator==(const database_list&, const database_list&) = default;
};

/// Asks for it: rows of kind, name, value, as facts_query() has them. For 9.2 and later.
std::string databases_query(int32_t server_version);

/// Asks whether the session is in a database of the list: a pooler may lead elsewhere.
std::string place_query(const listed_database& x);

/// The answers to databases_query(); other rows are ignored.
database_list parse_database_list(const PGresult& rows);

} // namespace pgstatsmon
