// Requests of ours: several at once, posted, streamed, given up, and their limits.
#define SUITE http_multi
#include "actors/http/http_multi.hpp"

#include "test/unit/http_script.hpp"
#include "test/unit/test.hpp"

#include "actors/http/http_client.hpp"

#include <map>

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::http_peer;
using test::http_script;

namespace {

http_settings limits() {
  http_settings result;
  result.connect_timeout = 10s;
  result.request_timeout = 20s;
  return result;
}

/// Runs until all have ended, or 30 s.
std::map<uint64_t, http_answer> all_of(http_multi& x, size_t count) {
  std::map<uint64_t, http_answer> result;
  auto until = std::chrono::steady_clock::now() + 30s;
  while (result.size() < count && std::chrono::steady_clock::now() < until)
    for (auto& [id, answer] : x.run(1s)) {
      CHECK(!result.contains(id));
      result.emplace(id, std::move(answer));
    }
  REQUIRE(result.size() == count);
  return result;
}

http_reply reply(const http_answer& x) {
  REQUIRE(std::holds_alternative<http_reply>(x));
  return std::get<http_reply>(x);
}

http_failure reason(const http_answer& x) {
  REQUIRE(std::holds_alternative<http_problem>(x));
  return std::get<http_problem>(x).reason;
}

} // namespace

TEST(a body is posted with its headers and its answer comes back) {
  http_script server{[](const std::string& request, const http_peer& peer) {
    peer.answer(request.substr(0, request.find("\r\n")) + "|"
                + request.substr(request.find("\r\n\r\n") + 4)
                + (request.find("X-Token: secret\r\n") != std::string::npos ? "|told" : ""));
  }};
  http_multi client;
  client.begin(7,
               {.url = server.url() + "/v3/kv", .headers = {{"X-Token", "secret"}}, .body = "{}"},
               limits());
  auto answers = all_of(client, 1);
  CHECK_EQUAL(reply(answers.at(7)).body, "POST /v3/kv HTTP/1.1|{}|told");
  CHECK_EQUAL(client.size(), 0u);
}

TEST(a stream does not hold up a request and its pieces arrive one by one) {
  std::atomic<bool> asked = false;
  http_script server{[&](const std::string& request, const http_peer& peer) {
    if (request.starts_with("GET /request")) {
      peer.answer("done");
      asked = true;
      return;
    }
    peer.begin_pieces();
    peer.piece("first");
    while (!asked)
      std::this_thread::yield();
    peer.piece("second");
    peer.end_pieces();
  }};
  http_multi client;
  std::vector<std::string> pieces;
  client.begin(1, {.url = server.url() + "/stream", .stream = true}, limits(),
               [&](std::string_view x) {
                 pieces.emplace_back(x);
                 return true;
               });
  auto until = std::chrono::steady_clock::now() + 20s;
  while (pieces.empty() && std::chrono::steady_clock::now() < until)
    CHECK(client.run(100ms).empty());
  client.begin(2, {.url = server.url() + "/request"}, limits());
  auto answers = all_of(client, 2);
  CHECK_EQUAL(reply(answers.at(2)).body, "done");
  CHECK_EQUAL(reply(answers.at(1)).status, 200);
  CHECK_EQUAL(pieces, (std::vector<std::string>{"first", "second"}));
}

TEST(a sink that has enough ends the transfer well) {
  http_script server{[](const std::string&, const http_peer& peer) {
    peer.begin_pieces();
    peer.piece("one");
    peer.wait();
  }};
  http_multi client;
  client.begin(1, {.url = server.url(), .stream = true}, limits(),
               [](std::string_view) { return false; });
  CHECK_EQUAL(reply(all_of(client, 1).at(1)).status, 200);
}

TEST(a body of another status is no stream) {
  http_script server{[](const std::string&, const http_peer& peer) {
    peer.answer("why not", "503 Service Unavailable");
  }};
  http_multi client;
  auto fed = false;
  client.begin(1, {.url = server.url(), .stream = true}, limits(), [&](std::string_view) {
    fed = true;
    return true;
  });
  auto answer = reply(all_of(client, 1).at(1));
  CHECK_EQUAL(answer.status, 503);
  CHECK_EQUAL(answer.body, "why not");
  CHECK(!fed);
}

TEST(each request has its own time) {
  http_script server{[](const std::string& request, const http_peer& peer) {
    if (request.starts_with("GET /silent"))
      peer.wait();
    else
      peer.answer("here");
  }};
  http_multi client;
  client.begin(1, {.url = server.url() + "/silent", .timeout = 50ms}, limits());
  client.begin(2, {.url = server.url() + "/quick"}, limits());
  auto answers = all_of(client, 2);
  CHECK(reason(answers.at(1)) == http_failure::timeout);
  CHECK_EQUAL(reply(answers.at(2)).body, "here");
}

TEST(what is larger than allowed is cut off whether it is kept or streamed) {
  http_script server{[](const std::string&, const http_peer& peer) {
    peer.begin_pieces();
    for (int i = 0; i < 64; ++i)
      peer.piece(std::string(1024, 'x'));
    peer.end_pieces();
  }};
  auto small = limits();
  small.max_body_bytes = 10'000;
  http_multi client;
  client.begin(1, {.url = server.url()}, small);
  client.begin(2, {.url = server.url(), .stream = true}, small,
               [](std::string_view) { return true; });
  auto answers = all_of(client, 2);
  CHECK(reason(answers.at(1)) == http_failure::too_large);
  CHECK(reason(answers.at(2)) == http_failure::too_large);
}

TEST(a request that is dropped never answers and its number is free) {
  http_script server{[](const std::string& request, const http_peer& peer) {
    if (request.starts_with("GET /silent"))
      peer.wait();
    else
      peer.answer("second");
  }};
  http_multi client;
  client.begin(1, {.url = server.url() + "/silent"}, limits());
  CHECK(client.run(10ms).empty());
  client.drop(1);
  CHECK_EQUAL(client.size(), 0u);
  client.begin(1, {.url = server.url()}, limits());
  CHECK_EQUAL(reply(all_of(client, 1).at(1)).body, "second");
}

TEST(requests one after the other share a connection) {
  http_script server{[](const std::string&, const http_peer& peer) { peer.answer("as before"); }};
  http_multi client;
  for (uint64_t i = 0; i < 5; ++i) {
    client.begin(i, {.url = server.url()}, limits());
    CHECK_EQUAL(reply(all_of(client, 1).at(i)).body, "as before");
  }
  CHECK_EQUAL(server.connections(), 1u);
}

TEST(another thread ends the wait) {
  http_multi client;
  std::jthread other{[&] { client.wake(); }};
  auto begin = std::chrono::steady_clock::now();
  CHECK(client.run(20s).empty());
  CHECK(std::chrono::steady_clock::now() - begin < 15s);
}

TEST(a client that waits follows a redirect to its own host and no other) {
  std::string other = "http://192.0.2.1/";
  http_script server{[&](const std::string& request, const http_peer& peer) {
    if (request.starts_with("GET /own"))
      peer.say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
    else if (request.starts_with("GET /other"))
      peer.say("HTTP/1.1 302 Found\r\nLocation: " + other + "\r\nContent-Length: 0\r\n\r\n");
    else
      peer.answer("found");
  }};
  http_client client{limits()};
  CHECK_EQUAL(reply(client.get(server.url() + "/own", {})).body, "found");
  CHECK(reason(client.get(server.url() + "/other", {})) == http_failure::status);
}

TEST(a client that waits is ended by a stop) {
  std::stop_source stop;
  http_script server{[&](const std::string&, const http_peer& peer) {
    stop.request_stop();
    peer.wait();
  }};
  http_client client{limits()};
  CHECK(reason(client.get(server.url(), stop.get_token())) == http_failure::network);
}
