// A console has no SQLSTATE of its own for anything: words tell.
#include "actors/backend/console_advice.hpp"

#include <string_view>
#include <utility>

namespace pgstatsmon {

namespace {

/// Of every version, once the password was right; the rest is for nobody but admins and
/// stats_users.
bool is_not_allowed(const session_error& x) {
  constexpr std::string_view words = "not allowed";
  return x.sqlstate == "08P01" && x.message.find(words) != std::string::npos;
}

/// The server has looked for a database of the name, which no pgbouncer does for its console.
bool looked_for_console(const session_error& x) {
  return x.reason == failure::no_database;
}

} // namespace

std::optional<session_error> wrong_kind(backend_kind wanted, const server_facts& found) {
  auto is_console = found.role == server_role::pgbouncer;
  if (is_console == (wanted == backend_kind::pgbouncer))
    return std::nullopt;
  return session_error{
    .reason = failure::other,
    .message = is_console ? "the admin console of a pgbouncer answers, expected a PostgreSQL "
                            "server: say kind: pgbouncer to watch it"
                          : "a PostgreSQL server answers, expected the admin console of a "
                            "pgbouncer: say kind: postgres to watch it"};
}

session_error explained(session_error refusal, const backend& target) {
  if (target.kind == backend_kind::pgbouncer && is_not_allowed(refusal)) {
    refusal.reason = failure::stats_users;
    refusal.message += ": " + target.user + " is in neither stats_users nor admin_users";
  } else if (target.kind == backend_kind::pgbouncer && looked_for_console(refusal)) {
    refusal.message += ": a PostgreSQL server says so: say kind: postgres to watch it";
  } else if (target.kind == backend_kind::postgres && target.database == console_database
             && is_not_allowed(refusal)) {
    refusal.message +=
      ": the admin console of a pgbouncer says so: say kind: pgbouncer to watch it";
  }
  return refusal;
}

} // namespace pgstatsmon
