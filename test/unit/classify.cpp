// Classes of errors.
#define SUITE classify

#include "actors/backend/classify.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

TEST(SQLSTATE decides the class of an error) {
  CHECK(classify_sqlstate("28P01") == failure::auth);
  CHECK(classify_sqlstate("28000") == failure::auth);
  CHECK(classify_sqlstate("57014") == failure::timeout);
  CHECK(classify_sqlstate("55P03") == failure::timeout);
  CHECK(classify_sqlstate("53300") == failure::too_many_connections);
  CHECK(classify_sqlstate("57P03") == failure::starting_up);
  CHECK(classify_sqlstate("57P01") == failure::ended);
  CHECK(classify_sqlstate("57P05") == failure::ended);
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
  auto both =
    parse_connect_error("connection to server at \"db1\" (10.0.0.1), port 5432 failed: FATAL:  "
                        "28P01: password authentication failed for user \"m\"\n"
                        "LOCATION:  auth_failed, auth.c:334\n"
                        "connection to server at \"db1\" (10.0.0.1), port 5432 failed: FATAL:  "
                        "28000: no pg_hba.conf entry\nDETAIL:  None.\n"
                        "LOCATION:  ClientAuthentication, auth.c:543\n");
  CHECK_EQUAL(both.sqlstate, "28000");
  CHECK_EQUAL(both.message, "connection to server at \"db1\" (10.0.0.1), port 5432 failed: FATAL: "
                            "password authentication failed for user \"m\"; "
                            "connection to server at \"db1\" (10.0.0.1), port 5432 failed: FATAL: "
                            "no pg_hba.conf entry. DETAIL: None.");
  auto is = [](const std::string& code) {
    return parse_connect_error("connection failed: FATAL:  " + code + ": text\n").reason;
  };
  CHECK(is("28P01") == failure::auth);
  CHECK(is("53300") == failure::too_many_connections);
  CHECK(is("57P03") == failure::starting_up);
  CHECK(is("42501") == failure::auth);
  CHECK(is("3D000") == failure::no_database);
  CHECK(is("22023") == failure::other);
}

TEST(a full role or database is no full server) {
  auto is = [](const std::string& routine) {
    return parse_connect_error("connection failed: FATAL:  53300: zu viele Verbindungen\n"
                               + (routine.empty() ? "" : "LOCATION:  " + routine + ", a.c:1\n"))
      .reason;
  };
  CHECK(is("InitializeSessionUserId") == failure::role_limit);
  CHECK(is("CheckMyDatabase") == failure::role_limit);
  CHECK(is("InitPostgres") == failure::too_many_connections);
  CHECK(is("InitProcess") == failure::too_many_connections);
  CHECK(is("") == failure::too_many_connections);
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
  CHECK_EQUAL(join_lines("failed: Connection refused\n\tIs the server running?\nYes.\nNo\n"),
              "failed: Connection refused. Is the server running? Yes. No");
  CHECK_EQUAL(join_lines("it closed\n\tThis means that\n\tsomething ended\nanother"),
              "it closed. This means that something ended; another");
}

TEST(what a pooler does not like is not the network) {
  auto said =
    parse_connect_error("connection to server at \"127.0.0.1\", port 6432 failed: FATAL:  "
                        "08P01: unsupported startup parameter: options\n");
  CHECK(said.reason == failure::other);
  CHECK_EQUAL(said.sqlstate, "08P01");
}

TEST(some failures may come from what we did) {
  CHECK(may_come_from_options("08P01"));
  CHECK(may_come_from_options("42704"));
  CHECK(!may_come_from_options("28000"));
  CHECK(!may_come_from_options(""));
  CHECK(may_come_from_preparing("26000"));
  CHECK(may_come_from_preparing("0A000"));
  CHECK(!may_come_from_preparing("42P01"));
  CHECK(may_come_from_absence("42P01"));
  CHECK(!may_come_from_absence("26000"));
}

TEST(a message that is too long is cut between characters) {
  std::string full(max_message - 1, 'x');
  CHECK_EQUAL(join_lines(full + "y"), full + "y");
  CHECK_EQUAL(join_lines(full + "yz"), full + "y ...");
  CHECK_EQUAL(join_lines(full + "\xc3\xa4z"), full + "\xc3\xa4 ...");
  CHECK(join_lines(std::string(1 << 20, '\x80')).size() < 2 * max_message);
}
