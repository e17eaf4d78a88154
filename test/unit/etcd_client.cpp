// The thread of a client of etcd, against a server on loopback.
#define SUITE etcd_client
#include "actors/etcd/etcd_client.hpp"

#include "test/unit/http_script.hpp"
#include "test/unit/test.hpp"

#include <condition_variable>
#include <mutex>

using namespace pgstatsmon;
using namespace std::chrono_literals;
using test::http_peer;
using test::http_script;

namespace {

constexpr std::string_view empty =
  R"({"header":{"cluster_id":"1","raft_term":"1","revision":"7"}})";

etcd_settings at(const http_script& server, std::chrono::milliseconds request = 10s) {
  etcd_settings result;
  result.endpoints = {server.url()};
  result.connect_timeout = request;
  result.request_timeout = request;
  return result;
}

/// Answers versions; anything else is the test's.
http_script::handler after_version(http_script::handler f) {
  return [f = std::move(f)](const std::string& request, const http_peer& peer) {
    if (request.starts_with("GET /version "))
      peer.answer(R"({"etcdserver":"3.4.23"})");
    else
      f(request, peer);
  };
}

/// Counts what comes from another thread, and waits for it.
struct counter {
  void add() {
    std::lock_guard guard{mutex};
    ++count;
    changed.notify_all();
  }

  bool reaches(int expected) {
    std::unique_lock guard{mutex};
    return changed.wait_for(guard, 30s, [&] { return count >= expected; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
};

} // namespace

TEST(a range is read and calls share a connection) {
  http_script server{
    after_version([](const std::string&, const http_peer& peer) { peer.answer(empty); })};
  etcd_client client{at(server)};
  for (int i = 0; i < 3; ++i) {
    auto answer = range_now(client, "/a/", {});
    REQUIRE(std::holds_alternative<etcd_range>(answer));
    CHECK_EQUAL(std::get<etcd_range>(answer).revision, 7);
  }
  CHECK_EQUAL(server.connections(), 1u);
  auto counts = client.counts();
  CHECK_EQUAL(counts.failures[0], 0u);
}

TEST(a server that is silent costs the deadline and no more) {
  http_script server{[](const std::string&, const http_peer& peer) { peer.wait(); }};
  etcd_client client{at(server, 100ms)};
  auto begin = std::chrono::steady_clock::now();
  auto answer = range_now(client, "/a/", {});
  REQUIRE(std::holds_alternative<etcd_problem>(answer));
  CHECK(std::get<etcd_problem>(answer).reason == etcd_failure::unreachable);
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
}

TEST(a lost lease is said to be lost) {
  http_script server{after_version([](const std::string&, const http_peer& peer) {
    peer.answer(R"({"result":{"header":{"cluster_id":"1","raft_term":"1"},"ID":"7"}})");
  })};
  etcd_client client{at(server)};
  counter answers;
  etcd_failure reason{};
  client.keepalive(7, [&](etcd_result<etcd_lease> x) {
    if (auto* problem = std::get_if<etcd_problem>(&x))
      reason = problem->reason;
    answers.add();
  });
  CHECK(answers.reaches(1));
  CHECK(reason == etcd_failure::lost);
}

TEST(a watch hints while a call is answered and ends with its handle) {
  counter ended;
  http_script server{after_version([&](const std::string& request, const http_peer& peer) {
    if (!request.starts_with("POST /v3/watch "))
      return peer.answer(empty);
    peer.begin_pieces();
    peer.piece(R"({"result":{"header":{"cluster_id":"1","raft_term":"1"},"created":true}})");
    peer.piece(
      R"({"result":{"header":{"cluster_id":"1","raft_term":"1"},"events":[{"kv":{"key":"YQ=="}}]}})");
    peer.wait();
    ended.add();
  })};
  etcd_client client{at(server)};
  counter hints;
  auto watch = client.watch("a", {}, [&] { hints.add(); });
  CHECK(hints.reaches(2));
  CHECK(std::holds_alternative<etcd_range>(range_now(client, "a", {})));
  watch.reset();
  CHECK(ended.reaches(1));
}

TEST(a client that ends tells who waits and a watch may outlive it) {
  http_script server{[](const std::string&, const http_peer& peer) { peer.wait(); }};
  counter answers;
  etcd_failure reason{};
  std::shared_ptr<void> watch;
  {
    etcd_client client{at(server)};
    watch = client.watch("a", {}, [] {});
    client.range("a", [&](etcd_result<etcd_range> x) {
      reason = std::get<etcd_problem>(x).reason;
      answers.add();
    });
  }
  CHECK(answers.reaches(1));
  CHECK(reason == etcd_failure::ended);
}

TEST(a stop ends the wait) {
  http_script server{[](const std::string&, const http_peer& peer) { peer.wait(); }};
  etcd_client client{at(server)};
  std::stop_source stop;
  stop.request_stop();
  auto answer = range_now(client, "a", stop.get_token());
  REQUIRE(std::holds_alternative<etcd_problem>(answer));
  CHECK(std::get<etcd_problem>(answer).reason == etcd_failure::ended);
}
