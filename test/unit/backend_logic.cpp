// The pure parts of a backend: classes of errors, backoff, outages, flights, connection parameters.
#define SUITE backend_logic

#include "test/unit/test.hpp"

#include "actors/backend/backoff.hpp"
#include "actors/backend/classify.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/flight.hpp"
#include "actors/backend/outage.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

std::string value_of(const connect_parameters& x, std::string_view keyword) {
  auto i = std::find_if(x.begin(), x.end(), [&](const auto& y) { return y.first == keyword; });
  return i == x.end() ? "(none)" : i->second;
}

const backend target{"id", "alpha", "db.example", 6432, "moray", "watcher", {}, "static"};

} // namespace

TEST(SQLSTATE decides the class of an error) {
  CHECK(classify_sqlstate("28P01") == failure::auth);
  CHECK(classify_sqlstate("28000") == failure::auth);
  CHECK(classify_sqlstate("57014") == failure::timeout);
  CHECK(classify_sqlstate("55P03") == failure::timeout);
  CHECK(classify_sqlstate("53300") == failure::too_many_connections);
  CHECK(classify_sqlstate("57P03") == failure::starting_up);
  CHECK(classify_sqlstate("57P01") == failure::network);
  CHECK(classify_sqlstate("08006") == failure::network);
  CHECK(classify_sqlstate("42P01") == failure::query);
  CHECK(classify_sqlstate("") == failure::network);
}

TEST(the SQLSTATE of a refusal decides its class in any language) {
  auto x = parse_connect_error("connection to server at \"10.0.0.1\", port 5432 failed: "
                               "SCHWERWIEGEND:  28000: Rolle »x« existiert nicht\n"
                               "LOCATION:  InitializeSessionUserId, miscinit.c:757\n");
  CHECK(x.reason == failure::auth);
  CHECK_EQUAL(x.sqlstate, "28000");
  CHECK_EQUAL(x.message, "connection to server at \"10.0.0.1\", port 5432 failed: SCHWERWIEGEND: "
                         "Rolle »x« existiert nicht");
  auto is = [](const std::string& code) {
    return parse_connect_error("connection failed: FATAL:  " + code + ": text\n").reason;
  };
  CHECK(is("28P01") == failure::auth);
  CHECK(is("53300") == failure::too_many_connections);
  CHECK(is("57P03") == failure::starting_up);
  CHECK(is("42501") == failure::auth);
  CHECK(is("3D000") == failure::other);
}

TEST(where no server has refused the words decide) {
  auto is = [](const char* text) { return parse_connect_error(text).reason; };
  CHECK(is("connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the "
           "server running on that host and accepting TCP/IP connections?")
        == failure::refused);
  CHECK(is("fe_sendauth: no password supplied") == failure::auth);
  CHECK(is("server does not support SSL, but SSL was required") == failure::tls);
  CHECK(is("SSL error: certificate verify failed") == failure::tls);
  CHECK(is("could not open certificate file \"x\": No such file or directory") == failure::tls);
  CHECK(is("server closed the connection unexpectedly") == failure::network);
  CHECK(is("connection failed: No route to host") == failure::network);
  CHECK(is("something new") == failure::other);
}

TEST(what a server says cannot confuse the search for its SQLSTATE) {
  CHECK_EQUAL(parse_connect_error("FATAL:  28P01: a:  b").sqlstate, "28P01");
  CHECK_EQUAL(parse_connect_error(":  ").sqlstate, "");
  CHECK_EQUAL(parse_connect_error(":  28P0").sqlstate, "");
  CHECK_EQUAL(parse_connect_error("").message, "");
}

TEST(a message is one line) {
  CHECK_EQUAL(join_lines(" a\n\tb  c\n"), "a b c");
}

TEST(waiting times double up to the most and are spread) {
  backoff x;
  CHECK_EQUAL(x.next(0.5), caf::timespan{1s});
  CHECK_EQUAL(x.next(0.0), caf::timespan{1600ms});
  CHECK_EQUAL(x.next(1.0), caf::timespan{4800ms});
  CHECK_EQUAL(x.next(0.5), caf::timespan{5s});
  CHECK_EQUAL(x.next(0.5), caf::timespan{5s});
  x.reset();
  CHECK_EQUAL(x.next(0.5), caf::timespan{1s});
}

TEST(an outage is news when it begins and when it changes and every ten minutes) {
  outage x;
  outage::time_point now{};
  CHECK(x.failed(failure::refused, 3, now) == outage::news::failing);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::nothing);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::lasting);
  CHECK(x.failed(failure::refused, 3, now) == outage::news::nothing);
  CHECK(x.failed(failure::starting_up, 3, now) == outage::news::failing);
  CHECK(x.failed(failure::starting_up, 3, now + 9min) == outage::news::nothing);
  CHECK(x.failed(failure::starting_up, 3, now + 10min) == outage::news::reminder);
  auto past = x.ended(now + 11min);
  REQUIRE(past.has_value());
  CHECK_EQUAL(past->failures, 7u);
  CHECK_EQUAL(past->lasted.count(), 660);
  CHECK(!x.ended(now).has_value());
}

TEST(a session that polls cannot write and is bounded by the server) {
  auto x = polling_parameters(target, {}, {"watcher", "secret"}, {"::1", "127.0.0.1"});
  CHECK_EQUAL(value_of(x, "host"), "db.example,db.example");
  CHECK_EQUAL(value_of(x, "hostaddr"), "::1,127.0.0.1");
  CHECK_EQUAL(value_of(x, "port"), "6432");
  CHECK_EQUAL(value_of(x, "dbname"), "moray");
  CHECK_EQUAL(value_of(x, "user"), "watcher");
  CHECK_EQUAL(value_of(x, "password"), "secret");
  CHECK_EQUAL(value_of(x, "options"), "-c statement_timeout=1000 -c lock_timeout=500 "
                                      "-c default_transaction_read_only=on");
}

TEST(parameters of the configuration come before our own) {
  connection_settings options;
  options.parameters = {{"application_name", "mine"}, {"sslmode", "verify-full"}};
  auto x = polling_parameters(target, options, {"watcher", ""}, {});
  CHECK_EQUAL(value_of(x, "application_name"), "mine");
  CHECK_EQUAL(value_of(x, "sslmode"), "verify-full");
  CHECK_EQUAL(value_of(x, "password"), "(none)");
  CHECK_EQUAL(value_of(x, "hostaddr"), "(none)");
}

TEST(a session without guards sends no options) {
  connection_settings options;
  options.guards = false;
  CHECK_EQUAL(value_of(polling_parameters(target, options, {"w", ""}, {}), "options"), "(none)");
}

TEST(guards are what the version knows) {
  CHECK(guard_sql(90500, {}).find("jit") == std::string::npos);
  CHECK(guard_sql(100000, {}).find("max_parallel_workers_per_gather") != std::string::npos);
  CHECK(guard_sql(130000, {}).find("client_connection_check") == std::string::npos);
  CHECK(guard_sql(140000, {}).find("client_connection_check") != std::string::npos);
}

TEST(literal addresses and socket directories need no name service) {
  CHECK(!needs_resolution("127.0.0.1"));
  CHECK(!needs_resolution("::1"));
  CHECK(!needs_resolution("fe80::1%eth0"));
  CHECK(!needs_resolution("/run/postgresql"));
  CHECK(needs_resolution("localhost"));
  CHECK(needs_resolution("1.2.3"));
}

TEST(a password is the first line of its file) {
  auto path =
    std::filesystem::temp_directory_path() / ("pgstatsmon-password-" + std::to_string(getpid()));
  std::ofstream{path} << "s3cret\r\nnot this\n";
  auto password = read_password(path);
  std::filesystem::remove(path);
  REQUIRE(password.engaged());
  CHECK_EQUAL(*password, "s3cret");
  auto missing = read_password(path);
  REQUIRE(!missing.engaged());
  CHECK_EQUAL(sentence_of(missing.error()),
              "cannot read " + path.string() + ": No such file or directory");
  auto none = read_password("");
  REQUIRE(none.engaged());
  CHECK_EQUAL(*none, "");
}

TEST(a flight begins with a lone Sync and prepares what is not prepared) {
  catalogue queries{{{"a", "", {{0, 0, server_role::unknown, false, "SELECT 1"}}, {}, {}},
                     {"b", "", {{0, 0, server_role::unknown, false, "SELECT 2"}}, {}, {}}}};
  prepared_statements prepared;
  prepared.add({0, 0});
  auto x = make_flight(queries, {0, std::nullopt}, {"", "", "SELECT true"}, prepared, true);
  REQUIRE(x.statements.size() == 3u);
  CHECK(x.statements[0] == (statement{"", "", false}));
  CHECK(x.steps[0].what == purpose::arrival);
  CHECK(x.steps[1].what == purpose::rights);
  CHECK(x.statements[2] == (statement{"pgstatsmon_0_0_0", "", false}));
  x = make_flight(queries, {std::nullopt, 0}, {}, prepared, true);
  CHECK(x.statements[1] == (statement{"pgstatsmon_1_0_0", "SELECT 2", true}));
  prepared.renew({0, 0});
  x = make_flight(queries, {0, std::nullopt}, {}, prepared, true);
  CHECK(x.statements[1] == (statement{"pgstatsmon_0_0_1", "SELECT 1", true}));
}
