// Server-sent events, over real sockets on 127.0.0.1.
#define SUITE event_hub
#include "actors/exposition/event_hub.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/test.hpp"

#include "actors/exposition/http_server.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using namespace std::chrono_literals;

namespace {

constexpr size_t max_listeners = 3;

struct fixture {
  fixture() {
    http_options options;
    options.response_timeout = 2s;
    server.emplace(options);
    server->keep(hub);
    server->add_route("/events", [this](const http_request&) {
      http_response x;
      x.events = hub;
      return x;
    });
    hub->set_greeting("hello", "{}");
    CAF_REQUIRE(!server->start());
  }

  std::unique_ptr<http_connection> listen(size_t others = 0) {
    auto result = std::make_unique<http_connection>(server->port());
    result->say("GET /events HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
    wait_for(others + 1);
    return result;
  }

  void wait_for(size_t listeners) const {
    auto end = std::chrono::steady_clock::now() + 10s;
    while (hub->listeners() != listeners && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    CAF_REQUIRE_EQUAL(hub->listeners(), listeners);
  }

  /// Reads until a text has come; all that came.
  static std::string hear(http_connection& from, std::string_view what) {
    std::string result;
    while (result.find(what) == result.npos) {
      auto part = from.hear();
      if (part.empty())
        break;
      result += part;
    }
    return result;
  }

  std::shared_ptr<event_hub> hub = std::make_shared<event_hub>(max_listeners);
  std::optional<http_server> server;
};

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

FIXTURE_SCOPE(event_hub_tests, fixture)

TEST(a client is greeted and gets what is published from then on) {
  hub->publish("early", "1");
  auto client = listen();
  auto head = hear(*client, "event: hello\ndata: {}\n\n");
  CHECK(says(head, "200 OK"));
  CHECK(!says(head, "gzip"));
  CHECK(!says(head, "early"));
  hub->publish("news", R"({"x":1})");
  CHECK(says(hear(*client, "\n\n"), "event: news\ndata: {\"x\":1}\n\n"));
  hub->publish("news", "2");
  hub->publish("news", "3");
  CHECK(says(hear(*client, "data: 3"), "data: 2"));
}

TEST(each of several clients gets everything) {
  auto one = listen();
  auto two = listen(1);
  hub->publish("news", "1");
  CHECK(says(hear(*one, "data: 1"), "data: 1"));
  CHECK(says(hear(*two, "data: 1"), "data: 1"));
}

TEST(only so many may listen) {
  std::vector<std::unique_ptr<http_connection>> clients;
  for (size_t i = 0; i < max_listeners; ++i) {
    CHECK(hub->has_place());
    clients.push_back(listen(i));
  }
  CHECK(!hub->has_place());
}

TEST(a client that is gone is forgotten with the next events) {
  auto client = listen();
  hear(*client, "hello");
  client.reset();
  auto end = std::chrono::steady_clock::now() + 10s;
  while (hub->listeners() > 0 && std::chrono::steady_clock::now() < end) {
    hub->publish("news", "1");
    std::this_thread::yield();
  }
  CHECK_EQUAL(hub->listeners(), 0u);
}

TEST(a client that does not read is cut and costs nobody else anything) {
  auto slow = listen();
  auto quick = listen(1);
  hear(*quick, "hello");
  const std::string large(100'000, 'x');
  auto end = std::chrono::steady_clock::now() + 20s;
  uint64_t sent = 0;
  while (hub->listeners() > 1 && std::chrono::steady_clock::now() < end) {
    auto mark = "number " + std::to_string(++sent);
    hub->publish("news", large + mark);
    CAF_REQUIRE(says(hear(*quick, mark), mark));
  }
  CHECK_EQUAL(hub->listeners(), 1u);
}

TEST(who has missed events is told to ask for everything) {
  auto client = listen();
  const std::string large(200'000, 'x');
  // More than the sockets take and the hub keeps; the client reads only then.
  for (int i = 0; i < 100; ++i)
    hub->publish("news", large);
  CHECK(says(hear(*client, "event: reload\ndata: {}\n\n"), "event: reload"));
  // Another reload may be on its way, and stands for what is published before it leaves.
  std::string heard;
  for (int i = 0; i < 100 && !says(heard, "the last"); ++i) {
    hub->publish("news", "the last");
    heard += client->hear();
  }
  CHECK(says(heard, "the last"));
}

TEST(the end of the server ends the events) {
  auto client = listen();
  hear(*client, "hello");
  server->stop();
  client->hear_all();
  CHECK_EQUAL(hub->listeners(), 0u);
  CHECK(!hub->has_place());
}

FIXTURE_SCOPE_END()
