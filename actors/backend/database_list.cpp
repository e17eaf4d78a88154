// Asking for the list, and reading it.
#include "actors/backend/database_list.hpp"

#include "actors/backend/setup_sql.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace pgstatsmon {

namespace {

/// The number at the beginning of a text, which loses it and the blank behind it.
template <class T>
T take_number(std::string_view& from) {
  T result = 0;
  auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), result);
  from.remove_prefix(static_cast<size_t>(end - from.data()));
  from.remove_prefix(from.starts_with(' ') ? 1 : 0);
  return result;
}

listed_database read_database(const char* name, std::string_view value) {
  listed_database result;
  result.name = name;
  result.oid = value.substr(0, value.find(' '));
  value.remove_prefix(std::min(result.oid.size() + 1, value.size()));
  result.sessions = take_number<uint64_t>(value);
  result.transactions = take_number<uint64_t>(value);
  return result;
}

} // namespace

std::string databases_query(int32_t server_version) {
  // Workers stand among the sessions of databases: rather too many than too few are counted.
  // A limit of -2 is a database whose dropping was cut short.
  return fmt::format(
    "SELECT 'database', d.datname::text, pg_catalog.concat_ws(' ', d.oid::text,"
    " pg_catalog.pg_stat_get_db_numbackends(d.oid)::text,"
    " (pg_catalog.pg_stat_get_db_xact_commit(d.oid) OPERATOR(pg_catalog.+)"
    " pg_catalog.pg_stat_get_db_xact_rollback(d.oid))::text)"
    " FROM pg_catalog.pg_database d"
    " WHERE d.datallowconn AND NOT d.datistemplate"
    " AND (d.datconnlimit OPERATOR(pg_catalog.=) -1 OR d.datconnlimit OPERATOR(pg_catalog.>) 0)"
    " AND d.datname OPERATOR(pg_catalog.<>) pg_catalog.current_database()"
    " AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
    " UNION ALL SELECT 'room', 'server',"
    " (pg_catalog.current_setting('max_connections')::bigint OPERATOR(pg_catalog.-)"
    " pg_catalog.current_setting('superuser_reserved_connections')::bigint{}"
    " OPERATOR(pg_catalog.-) pg_catalog.sum(pg_catalog.pg_stat_get_db_numbackends(d.oid))::bigint"
    ")::text FROM pg_catalog.pg_database d"
    " UNION ALL SELECT 'room', 'role', (r.rolconnlimit OPERATOR(pg_catalog.-)"
    " (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_activity(NULL::integer) a"
    " WHERE a.usesysid OPERATOR(pg_catalog.=) r.oid))::text"
    " FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) current_user"
    " AND r.rolconnlimit OPERATOR(pg_catalog.>=) 0",
    server_version >= 160000 ? " OPERATOR(pg_catalog.-)"
                               " pg_catalog.current_setting('reserved_connections')::bigint"
                             : "");
}

std::string place_query(const listed_database& x) {
  return fmt::format("SELECT d.oid::text OPERATOR(pg_catalog.=) {}"
                     " AND d.datname::text OPERATOR(pg_catalog.=) {}"
                     " FROM pg_catalog.pg_database d"
                     " WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()",
                     quote_literal(x.oid), quote_literal(x.name));
}

database_list parse_database_list(const PGresult& rows) {
  database_list result;
  if (PQnfields(&rows) != 3)
    return result;
  for (int i = 0; i < PQntuples(&rows); ++i) {
    std::string_view kind{PQgetvalue(&rows, i, 0)};
    std::string_view name{PQgetvalue(&rows, i, 1)};
    std::string_view value{PQgetvalue(&rows, i, 2)};
    if (PQgetisnull(&rows, i, 2) != 0)
      continue;
    if (kind == "database")
      result.databases.push_back(read_database(PQgetvalue(&rows, i, 1), value));
    else if (kind == "room")
      (name == "server" ? result.server_room : result.role_room) = take_number<int64_t>(value);
  }
  return result;
}

} // namespace pgstatsmon
