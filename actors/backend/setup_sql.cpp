// Writes DO blocks: one transaction each, under an advisory lock. That lock is one database's only,
// so two databases of a cluster still meet in the shared catalogs. Then one of them gets an error
// for what the other has just done, looks again, and finds it done.
#include "actors/backend/setup_sql.hpp"

#include <fmt/format.h>

#include <array>

namespace pgstatsmon {

namespace {

/// A function that lends its owner's rights: setup makes it before PostgreSQL 10.
struct lent_function {
  std::string_view name;
  int32_t from;
  std::string_view columns;
  std::string_view body;
};

constexpr std::array<lent_function, 3> lent_functions{{
  {"get_stat_activity", 90200, "datid oid, state text",
   "SELECT a.datid, a.state FROM pg_catalog.pg_stat_get_activity(NULL::integer) a"},
  {"get_stat_replication", 90400,
   "pid integer, application_name text, client_addr inet, sync_state text,"
   " sent_location pg_lsn, write_location pg_lsn, flush_location pg_lsn, replay_location pg_lsn",
   "SELECT w.pid, a.application_name, a.client_addr, w.sync_state,"
   " w.sent_location, w.write_location, w.flush_location, w.replay_location"
   " FROM pg_catalog.pg_stat_get_wal_senders() w"
   " JOIN LATERAL pg_catalog.pg_stat_get_activity(w.pid) a ON a.pid = w.pid"},
  {"get_stat_progress_vacuum", 90600,
   "relid oid, vacuum_mode text, query_start double precision, phase bigint,"
   " heap_blks_total bigint, heap_blks_scanned bigint, heap_blks_vacuumed bigint,"
   " index_vacuum_count bigint, max_dead_tuples bigint, num_dead_tuples bigint",
   "SELECT p.relid,"
   " CASE WHEN a.query ~ '^autovacuum.*(to prevent wraparound)' THEN 'aggressive_autovacuum'"
   " WHEN a.query ~ '^autovacuum' THEN 'autovacuum'"
   " WHEN a.query ~* '^vacuum' THEN 'manual_vacuum' ELSE 'unknown' END,"
   " pg_catalog.date_part('epoch', a.query_start), p.param1 + 1,"
   " p.param2, p.param3, p.param4, p.param5, p.param6, p.param7"
   " FROM pg_catalog.pg_stat_get_progress_info('VACUUM') p"
   " JOIN LATERAL pg_catalog.pg_stat_get_activity(p.pid) a ON a.pid = p.pid"
   " JOIN pg_catalog.pg_database d ON d.oid = p.datid"
   " WHERE d.datname = pg_catalog.current_database()"},
}};

/// The body of a block that runs `work` again when another setup was in its way. Every loser sees
/// what the winner committed, so each round at least one of them is done.
std::string body(std::string_view work) {
  return fmt::format(R"(
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(8099000000201501);
  FOR attempt IN 1..10 LOOP
    BEGIN{}
      EXIT;
    EXCEPTION
      -- The last is the class of "tuple concurrently updated".
      WHEN duplicate_object OR duplicate_function OR duplicate_schema OR unique_violation
           OR internal_error THEN
        IF attempt OPERATOR(pg_catalog.=) 10 THEN
          RAISE;
        END IF;
    END;
  END LOOP;
END)",
                     work);
}

/// What a role says that setup made.
constexpr std::string_view mark = "Polls for pgstatsmon, whose setup made it.";

/// How many sessions the role may have. Of each database's, two daemons have one, and another while
/// they change it for a new one; a server may also be watched under several names. Both daemons may
/// visit other databases.
std::string needed_sessions(uint32_t visits) {
  return fmt::format("(SELECT {} OPERATOR(pg_catalog.+) (4 OPERATOR(pg_catalog.*)"
                     " pg_catalog.count(*)) FROM pg_catalog.pg_database d WHERE d.datallowconn)",
                     16 + 2 * visits);
}

/// @param name The role as a literal.
std::string create_role(std::string_view user, std::string_view name, std::string_view verifier) {
  auto password = verifier.empty() ? std::string{} : " PASSWORD " + quote_literal(verifier);
  return fmt::format(R"(
      IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r
                      WHERE r.rolname OPERATOR(pg_catalog.=) {0}::pg_catalog.name) THEN
        CREATE ROLE {1} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
          CONNECTION LIMIT 5{2};
        ALTER ROLE {1} SET search_path = pg_catalog, pg_temp;
        COMMENT ON ROLE {1} IS '{3}';
      END IF;)",
                     name, quote_identifier(user), password, mark);
}

/// Gives a role that setup made as many sessions as it needs. Setups of the past left it at five
/// and without the mark.
std::string raise_limit(std::string_view name, uint32_t visits) {
  return fmt::format(R"(
      IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles r
                  WHERE r.rolname OPERATOR(pg_catalog.=) {0}::pg_catalog.name
                    AND r.rolconnlimit OPERATOR(pg_catalog.>=) 0
                    AND r.rolconnlimit OPERATOR(pg_catalog.<) {1}
                    AND (r.rolconnlimit OPERATOR(pg_catalog.=) 5
                         OR pg_catalog.shobj_description(r.oid, 'pg_authid'::pg_catalog.name)
                            OPERATOR(pg_catalog.=) '{2}')) THEN
        EXECUTE pg_catalog.format('ALTER ROLE %I CONNECTION LIMIT %s', {0}::pg_catalog.name,
                                  {1});
      END IF;)",
                     name, needed_sessions(visits), mark);
}

/// Makes the role a member of pg_monitor, and sees to it that it has the rights of it. A role that
/// the original made is NOINHERIT, which since 15 counts for statistics too: 16 can say INHERIT for
/// this one membership, 15 for all of a role's, so there it is said only when there is no other.
std::string grant_monitor(int32_t server_version, std::string_view user, std::string_view name) {
  auto has = [&](std::string_view right) {
    return fmt::format("pg_catalog.pg_has_role({}::pg_catalog.name, 'pg_monitor'::pg_catalog.name, "
                       "'{}'::pg_catalog.text)",
                       name, right);
  };
  auto role = quote_identifier(user);
  if (server_version >= 160000)
    return fmt::format(R"(
      IF NOT {} THEN
        GRANT pg_monitor TO {} WITH INHERIT TRUE;
      END IF;)",
                       has("USAGE"), role);
  auto result = fmt::format(R"(
      IF NOT {} THEN
        GRANT pg_monitor TO {};
      END IF;)",
                            has("MEMBER"), role);
  if (server_version >= 150000)
    result += fmt::format(R"(
      IF NOT {} THEN
        IF EXISTS (SELECT 1 FROM pg_catalog.pg_auth_members m
                     JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) m.member
                     JOIN pg_catalog.pg_roles g ON g.oid OPERATOR(pg_catalog.=) m.roleid
                    WHERE r.rolname OPERATOR(pg_catalog.=) {}::pg_catalog.name AND g.rolname OPERATOR(pg_catalog.<>) 'pg_monitor') THEN
          RAISE EXCEPTION 'the role is NOINHERIT, so pg_monitor has no effect'
            USING HINT = 'Make it INHERIT, or take its other memberships away.';
        END IF;
        ALTER ROLE {} INHERIT;
      END IF;)",
                          has("USAGE"), name, role);
  return result;
}

/// Whoever owns the schema could replace the functions, so it must not be just anybody's.
std::string create_schema(std::string_view role) {
  return fmt::format(R"(
      IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'pgstatsmon') THEN
        CREATE SCHEMA pgstatsmon;
      END IF;
      IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n
                       JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) n.nspowner
                      WHERE n.nspname OPERATOR(pg_catalog.=) 'pgstatsmon' AND r.rolsuper) THEN
        RAISE EXCEPTION 'schema pgstatsmon belongs to a role that is no superuser';
      END IF;
      GRANT USAGE ON SCHEMA pgstatsmon TO {};)",
                     role);
}

std::string create_function(const lent_function& function, std::string_view role) {
  return fmt::format(R"(
      CREATE OR REPLACE FUNCTION pgstatsmon.{0}() RETURNS TABLE ({1})
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {2};
      REVOKE ALL ON FUNCTION pgstatsmon.{0}() FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION pgstatsmon.{0}() TO {3};)",
                     function.name, function.columns, quote_literal(function.body), role);
}

/// A condition: the functions of this version are there, and the role may use them.
std::string have_functions(int32_t server_version, std::string_view name) {
  std::string list;
  auto count = 0;
  for (const auto& function : lent_functions)
    if (server_version >= function.from) {
      list += (list.empty() ? "" : ",") + std::string{function.name};
      ++count;
    }
  return fmt::format(R"((SELECT pg_catalog.count(*) OPERATOR(pg_catalog.=) {}
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
        JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) p.proowner
       WHERE n.nspname OPERATOR(pg_catalog.=) 'pgstatsmon' AND p.proname OPERATOR(pg_catalog.=) ANY ('{{{}}}'::pg_catalog.name[]) AND p.pronargs OPERATOR(pg_catalog.=) 0
         AND p.prosecdef AND r.rolsuper
         AND pg_catalog.has_schema_privilege({}::pg_catalog.name, n.oid, 'USAGE'::pg_catalog.text)
         AND pg_catalog.has_function_privilege({}::pg_catalog.name, p.oid, 'EXECUTE'::pg_catalog.text)))",
                     count, list, name, name);
}

std::string create_functions(int32_t server_version, std::string_view user, std::string_view name) {
  auto role = quote_identifier(user);
  auto work = create_schema(role);
  for (const auto& function : lent_functions)
    if (server_version >= function.from)
      work += create_function(function, role);
  return fmt::format(R"(
      IF NOT {} THEN{}
      END IF;)",
                     have_functions(server_version, name), work);
}

std::string doubled(std::string_view text, char quote) {
  std::string result;
  result.reserve(text.size() + 2);
  for (auto c : text) {
    if (c == quote)
      result += quote;
    result += c;
  }
  return result;
}

} // namespace

std::string quote_identifier(std::string_view x) {
  return '"' + doubled(x, '"') + '"';
}

std::string quote_literal(std::string_view x) {
  auto quoted = '\'' + doubled(x, '\'') + '\'';
  if (quoted.find('\\') == std::string::npos)
    return quoted;
  return " E" + doubled(quoted, '\\'); // the blank keeps E apart from what is before it
}

bool setup_is_by_database(int32_t server_version) {
  return server_version < 100000;
}

std::vector<std::string> setup_bodies(int32_t server_version, std::string_view user,
                                      std::string_view verifier, uint32_t visits) {
  auto name = quote_literal(user);
  auto role = create_role(user, name, verifier) + raise_limit(name, visits);
  if (!setup_is_by_database(server_version))
    return {body(role + grant_monitor(server_version, user, name))};
  return {body(role), body(create_functions(server_version, user, name))};
}

std::vector<std::string> setup_statements(int32_t server_version, std::string_view user,
                                          std::string_view verifier, uint32_t visits) {
  auto result = setup_bodies(server_version, user, verifier, visits);
  for (auto& x : result)
    x = "DO " + quote_literal(x);
  return result;
}

std::string rights_query(int32_t server_version) {
  if (server_version < 100000)
    return "SELECT " + have_functions(server_version, "current_user") + " AS complete";
  auto right = server_version < 150000 ? "MEMBER" : "USAGE";
  return fmt::format("SELECT pg_catalog.pg_has_role(current_user, 'pg_monitor'::pg_catalog.name, "
                     "'{}'::pg_catalog.text) AS complete",
                     right);
}

} // namespace pgstatsmon
