// Whoever mistook a pgbouncer for a server, or a server for a pgbouncer, is told what to say.
#define SUITE console_advice

#include "actors/backend/console_advice.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

constexpr auto postgres = backend_kind::postgres;
constexpr auto pgbouncer = backend_kind::pgbouncer;

bool names(const session_error& x, std::string_view option) {
  return x.message.find(option) != std::string::npos;
}

/// What becomes of a refusal.
session_error told(failure reason, std::string sqlstate, std::string message, backend_kind kind,
                   std::string database) {
  backend target;
  target.kind = kind;
  target.database = std::move(database);
  target.user = "monitor";
  return explained({reason, std::move(sqlstate), std::move(message)}, target);
}

} // namespace

TEST(what answers has to be of the kind) {
  server_facts server{150018, server_role::primary, 4711};
  server_facts old_server{90624, server_role::unknown, 4711};
  server_facts console{11800, server_role::pgbouncer, 0};
  CHECK(!wrong_kind(postgres, server));
  CHECK(!wrong_kind(postgres, old_server));
  CHECK(!wrong_kind(pgbouncer, console));
  auto not_a_server = wrong_kind(postgres, console);
  REQUIRE(not_a_server);
  CHECK(names(*not_a_server, "say kind: pgbouncer"));
  CHECK(not_a_server->reason == failure::other);
  for (const auto& x : {server, old_server}) {
    auto not_a_console = wrong_kind(pgbouncer, x);
    REQUIRE(not_a_console);
    CHECK(names(*not_a_console, "say kind: postgres"));
  }
}

TEST(a role that is not in stats_users is told so) {
  auto x = told(failure::other, "08P01", "FATAL: not allowed", pgbouncer, "pgbouncer");
  CHECK(x.reason == failure::stats_users);
  CHECK_EQUAL(x.sqlstate, "08P01");
  CHECK(names(x, "monitor is in neither stats_users nor admin_users"));
}

TEST(a wrong password stays one) {
  session_error refused{failure::auth, "28P01", "FATAL: password authentication failed"};
  CHECK(told(refused.reason, refused.sqlstate, refused.message, pgbouncer, "pgbouncer") == refused);
}

TEST(a server that looks for a database of the name is no pgbouncer) {
  auto x = told(failure::no_database, "3D000", "FATAL: database \"pgbouncer\" does not exist",
                pgbouncer, "pgbouncer");
  CHECK(x.reason == failure::no_database);
  CHECK(names(x, "say kind: postgres"));
  auto of_server =
    told(failure::no_database, "3D000", "FATAL: database \"x\" does not exist", postgres, "x");
  CHECK(!names(of_server, "kind:"));
}

TEST(a console that lets nobody in is known by its name) {
  auto x = told(failure::other, "08P01", "FATAL: not allowed", postgres, "pgbouncer");
  CHECK(x.reason == failure::other);
  CHECK(names(x, "say kind: pgbouncer"));
  CHECK(!names(told(failure::other, "08P01", "FATAL: not allowed", postgres, "app"), "kind:"));
}
