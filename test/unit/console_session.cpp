// Sessions with the console of a pgbouncer: one query of the simple protocol after the other.
#define SUITE console_session

#include "test/unit/protocol_server.hpp"
#include "test/unit/session_client.hpp"
#include "test/unit/test.hpp"

#include "actors/backend/pq_session.hpp"

#include <map>
#include <string>
#include <vector>

using namespace pgstatsmon;
using test::protocol_server;

namespace {

/// The console's greeting: it names itself, and no process.
std::string greeting(const std::string& version = "1.18.0/bouncer") {
  return test::message('R', test::number(0, 4)) + test::parameter("server_version", version)
         + test::parameter("client_encoding", "UTF8") + test::ready();
}

struct client : test::session_client {
  explicit client(const protocol_server& server) : session_client{server, console_sessions()} {}
};

std::vector<statement> shows() {
  return {{.sql = "SHOW VERSION"}, {.sql = "SHOW NOTHING"}, {.sql = "SHOW POOLS"}};
}

/// What comes in a result that is not prepared: no completions of Parse and Bind.
std::string shown(const std::string& text) {
  return test::message('T', test::number(1, 2) + "c" + std::string(1, '\0') + test::number(0, 4)
                              + test::number(0, 2) + test::number(25, 4) + test::number(65535, 2)
                              + test::number(0xffffffff, 4) + test::number(0, 2))
         + test::message('D', test::number(1, 2)
                                + test::number(static_cast<uint32_t>(text.size()), 4) + text)
         + test::message('C', "SHOW" + std::string(1, '\0'));
}

} // namespace

TEST(a console says what it is) {
  protocol_server server{[](auto& x) { x.say(greeting()); }};
  client aut{server};
  CHECK(!aut.connect());
  CHECK(aut.session->facts() == (server_facts{11800, server_role::pgbouncer, 0}));
}

TEST(a server is no console) {
  protocol_server server{[](auto& x) { x.say(test::greeting("off")); }};
  client aut{server};
  CHECK(!aut.connect());
  CHECK(aut.session->facts() == (server_facts{150018, server_role::primary, 4711}));
}

TEST(queries go out one by one and fail alone) {
  std::string kinds;
  protocol_server server{[&](auto& x) {
    x.say(greeting());
    for (const auto& answer :
         {shown("PgBouncer 1.18.0"), test::complaint('E', "ERROR", "08P01", "invalid command"),
          shown("pool")}) {
      kinds += x.take(); // the next comes when the one before has been answered
      x.say(answer + test::ready());
    }
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send(shows()));
  CHECK_EQUAL(aut.session->pending(), 3u);
  CHECK(aut.session->cancellation() == nullptr); // it would resume what is paused
  CHECK(!aut.receive(3));
  CHECK_EQUAL(kinds, "QQQ");
  CHECK_EQUAL(aut.session->pending(), 0u);
  CHECK_EQUAL(aut.results[1].index, 1u);
  CHECK(aut.results[0].rows != nullptr);
  REQUIRE(aut.results[1].error);
  CHECK_EQUAL(aut.results[1].error->message, "invalid command");
  CHECK(aut.results[1].rows == nullptr);
  CHECK(aut.results[2].rows != nullptr);
  CHECK(!aut.results[2].error);
}

TEST(a command without rows is an answer) {
  protocol_server server{[](auto& x) {
    x.say(greeting("1.8.1/bouncer"));
    x.take();
    x.say(test::complaint('N', "NOTICE", "00000", "pgbouncer version 1.8.1")
          + test::message('C', "SHOW" + std::string(1, '\0')) + test::ready());
    x.take();
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK_EQUAL(aut.session->facts().version, 10801);
  CHECK(!aut.session->send({{.sql = "SHOW VERSION"}}));
  CHECK(!aut.receive(1));
  CHECK(aut.results[0].rows == nullptr);
  CHECK(!aut.results[0].error);
}

TEST(a console that is shut down in the middle ends the session) {
  protocol_server server{[](auto& x) {
    x.say(greeting());
    x.take();
    x.say(shown("one") + test::ready());
    x.take();
    x.say(test::complaint('E', "FATAL", "08P01", "server shutting down"));
  }};
  client aut{server};
  REQUIRE(!aut.connect());
  CHECK(!aut.session->send(shows()));
  auto error = aut.receive(3);
  REQUIRE(error);
  CHECK(error->reason == failure::network);
  CHECK_EQUAL(error->message, "server shutting down");
  CHECK_EQUAL(aut.results.size(), 1u);
}
