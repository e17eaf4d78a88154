// The session on libpq, against a server that speaks the protocol over loopback.
#define SUITE pq_session

#include "actors/backend/pq_session.hpp"

#include "test/unit/protocol_server.hpp"
#include "test/unit/session_client.hpp"
#include "test/unit/test.hpp"

#include <libpq-fe.h>

using namespace pgstatsmon;
using test::protocol_server;

namespace {

std::string value_of(const statement_result& x) {
  return x.rows == nullptr ? "none" : PQgetvalue(x.rows.get(), 0, 0);
}

struct client : test::session_client {
  explicit client(const protocol_server& server) : session_client{server, pq_sessions()} {}
};

/// A message that claims to be a gigabyte, and begins to be, by so many bytes.
std::string huge(char kind, const std::string& head, size_t size) {
  return kind + test::number(1'000'000'000, 4) + head + std::string(size, 'x');
}

} // namespace

TEST(a handshake tells what the server is) {
  protocol_server server{[](auto& x) { x.say(test::greeting("on")); }};
  client aut{server};
  CHECK(!aut.connect());
  CHECK(aut.session->facts() == (server_facts{150018, server_role::standby, 4711}));
  CHECK(aut.session->cancellation() == nullptr);
}

TEST(a refusal has its SQLSTATE and words) {
  protocol_server server{
    [](auto& x) { x.say(test::complaint('E', "FATAL", "53300", "trop de connexions")); }};
  client aut{server};
  auto error = aut.connect();
  REQUIRE(error);
  CHECK(error->reason == failure::too_many_connections);
  CHECK_EQUAL(error->sqlstate, "53300");
  CHECK_EQUAL(error->message, "FATAL: trop de connexions");
}

TEST(a server that ends the handshake is a failure of the network) {
  protocol_server server{[](auto&) {}};
  client aut{server};
  auto error = aut.connect();
  REQUIRE(error);
  CHECK(error->reason == failure::network);
}

TEST(each statement of a flight has its own end) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    x.answer({test::ready(), test::rows({"one", "two"}) + test::ready(),
              test::complaint('E', "ERROR", "42P01", "no such table") + test::ready(),
              test::rows({"three"}) + test::ready()});
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send({{}, {.sql = "SELECT 1"}, {.sql = "SELECT 2"}, {.sql = "SELECT 3"}}));
  CHECK_EQUAL(aut.session->pending(), 4u);
  CHECK(aut.session->cancellation() != nullptr);
  CHECK(!aut.receive(4));
  CHECK_EQUAL(aut.session->pending(), 0u);
  CAF_REQUIRE_EQUAL(aut.results.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    CHECK_EQUAL(aut.results[i].index, i);
  CHECK_EQUAL(value_of(aut.results[0]), "none");
  CHECK_EQUAL(value_of(aut.results[1]), "one");
  CHECK_EQUAL(value_of(aut.results[2]), "none");
  REQUIRE(aut.results[2].error);
  CHECK(*aut.results[2].error == (session_error{failure::query, "42P01", "no such table"}));
  CHECK(!aut.results[3].error);
  CHECK_EQUAL(value_of(aut.results[3]), "three");
}

TEST(the rows of the pins are not those of the statement) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    x.answer({test::rows({"a pin"}) + test::rows({"a value"}) + test::ready()});
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send({{.pins = "SELECT set_config()", .sql = "SELECT 1"}}));
  CHECK(!aut.receive(1));
  CHECK_EQUAL(value_of(aut.results.at(0)), "a value");
}

TEST(what was prepared is known even when its execution fails) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    x.answer({test::message('1') + test::message('2')
                + test::complaint('E', "ERROR", "57014", "canceled") + test::ready(),
              test::complaint('E', "ERROR", "42601", "syntax error") + test::ready()});
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send({{.name = "q0", .sql = "SELECT 1", .prepare = true},
                            {.name = "q1", .sql = "SELEC", .prepare = true}}));
  CHECK(!aut.receive(2));
  CHECK(aut.results.at(0).prepared);
  CHECK(aut.results.at(0).error->reason == failure::timeout);
  CHECK(!aut.results.at(1).prepared);
}

TEST(what shares a Sync is handed on as it comes) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    while (x.take() != 'S') {
      // nop
    }
    x.say(test::rows({"one"}) + test::message('1') + test::rows({"two"}));
    x.take(); // never: the Sync is not answered
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send({{.sql = "SELECT 1", .sync = false},
                            {.name = "q", .sql = "SELECT 2", .prepare = true, .sync = false},
                            {.sql = "SELECT 3"}}));
  CHECK(!aut.receive(2));
  CHECK_EQUAL(value_of(aut.results.at(0)), "one");
  CHECK_EQUAL(value_of(aut.results.at(1)), "two");
  CHECK(!aut.results[0].prepared && aut.results[1].prepared);
  CHECK_EQUAL(aut.session->pending(), 1u);
}

TEST(an error skips what shares its Sync and nothing else) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    x.answer({test::rows({"one"}) + test::complaint('E', "ERROR", "42P01", "no") + test::ready(),
              test::rows({"five"}) + test::ready()});
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send({{.sql = "SELECT 1", .sync = false},
                            {.sql = "SELECT 2", .sync = false},
                            {.pins = "SELECT 3", .sql = "SELECT 3", .sync = false},
                            {.name = "q", .sql = "SELECT 4", .prepare = true},
                            {.sql = "SELECT 5"}}));
  CHECK(!aut.receive(5));
  CHECK_EQUAL(value_of(aut.results.at(0)), "one");
  CHECK(aut.results.at(1).error && !aut.results[1].skipped);
  for (size_t i : {2, 3})
    CHECK(aut.results.at(i).skipped && !aut.results[i].error && !aut.results[i].prepared);
  CHECK_EQUAL(value_of(aut.results.at(4)), "five");
  CHECK(!aut.results[4].skipped);
}

TEST(a session that is ended gives the last words of the server) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting() + test::complaint('E', "FATAL", "57P01", "shut down by somebody"));
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  auto error = aut.receive(1);
  REQUIRE(error);
  CHECK(*error == (session_error{failure::ended, "57P01", "shut down by somebody"}));
}

TEST(a session that is ended is no failure of the statement that runs) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    x.answer({test::rows({"one"}) + test::complaint('E', "FATAL", "57P01", "shut down")});
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send(
    {{.sql = "SELECT 1", .sync = false}, {.sql = "SELECT 2", .sync = false}, {.sql = "SELECT 3"}}));
  auto error = aut.receive(3);
  REQUIRE(error);
  CHECK_EQUAL(error->message, "shut down");
  CHECK_EQUAL(aut.results.size(), 1u);
}

TEST(what nobody asked for is bounded for the life of a session) {
  protocol_server server{[](auto& x) {
    x.say(test::greeting());
    for (;;)
      x.say(test::complaint('N', "NOTICE", "00000", std::string(1000, 'x')));
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  auto error = aut.receive(1);
  REQUIRE(error);
  CHECK(error->reason == failure::too_large);
}

TEST(a message of a gigabyte is read to the limit and no further) {
  constexpr size_t limit = size_t{1} << 20;
  constexpr size_t at_once = size_t{64} << 10;
  for (auto kind : {'D', 'E'}) {
    auto hello = test::greeting();
    protocol_server server{[&](auto& x) {
      x.say(hello);
      auto begin = kind == 'D' ? test::message('1') + test::message('2') : std::string{};
      auto head = kind == 'D' ? test::number(1, 2) + test::number(999'999'990, 4)
                              : std::string{"SERROR\0C42000\0M", 15};
      x.answer({begin + huge(kind, head, 4 * limit)});
    }};
    client aut{server};
    aut.session->limit({.query = limit});
    REQUIRE(!aut.connect());
    CHECK(!aut.session->send({{.sql = "SELECT 1"}}));
    auto error = aut.receive(1);
    REQUIRE(error);
    CHECK(error->reason == failure::too_large);
    // The server ends when it has said all; what the session has left is ours to count.
    size_t left = 0;
    std::string rest(at_once, '\0');
    for (;;) {
      aut.wait(interest::read);
      auto more = ::recv(aut.session->socket(), rest.data(), rest.size(), MSG_DONTWAIT);
      if (more <= 0)
        break;
      left += static_cast<size_t>(more);
    }
    auto read = server.sent() - hello.size() - left;
    CHECK(read > limit);
    CHECK(read <= limit + at_once);
  }
}

TEST(a verifier is no password) {
  auto verifier = password_verifier("someone", "secret", 150018);
  CHECK(verifier.starts_with("SCRAM-SHA-256$"));
  // md5 of secretsomeone
  CHECK_EQUAL(password_verifier("someone", "secret", 90600), "md58d194fe838057b2277183654b0c3d2c8");
}
