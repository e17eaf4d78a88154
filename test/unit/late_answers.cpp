// Answers that come later, over real sockets on 127.0.0.1.
#define SUITE late_answers
#include "actors/exposition/late_answers.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/test.hpp"

#include "actors/exposition/http_server.hpp"

#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  fixture() {
    server.add_route("/later", [this](const http_request&) { return later(); });
    server.add_order("/order", [this](const http_request&) { return later(); });
    server.add_route("/at-once", [](const http_request&) {
      http_response x;
      x.later = [](const late_answer& answer) {
        answer(text_response(201, "at once"));
        answer(text_response(500, "twice"));
      };
      return x;
    });
    server.add_route("/throws", [](const http_request&) {
      http_response x;
      x.later = [](const late_answer&) { throw std::runtime_error{"broken"}; };
      return x;
    });
    CAF_REQUIRE(!server.start());
  }

  http_response later() {
    http_response x;
    x.later = [this](const late_answer& answer) {
      std::lock_guard guard{mutex};
      waiting.push_back(answer);
    };
    return x;
  }

  size_t asked() {
    std::lock_guard guard{mutex};
    return waiting.size();
  }

  void wait_for(size_t n) {
    auto end = std::chrono::steady_clock::now() + 10s;
    while (asked() < n && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    CAF_REQUIRE_EQUAL(asked(), n);
  }

  [[nodiscard]] std::future<http_answer> ask(std::string_view method, std::string_view path,
                                             std::string_view headers = {}) const {
    return std::async(std::launch::async,
                      [=, port = server.port()] { return fetch(port, method, path, headers); });
  }

  std::mutex mutex;
  std::vector<late_answer> waiting;
  http_server server{{}};
};

} // namespace

FIXTURE_SCOPE(late_answer_tests, fixture)

TEST(more requests wait than there are threads and each gets its own answer) {
  std::vector<std::future<http_answer>> answers;
  for (size_t i = 0; i < 10; ++i) {
    answers.push_back(ask("GET", "/later"));
    wait_for(i + 1);
  }
  // Others are served meanwhile.
  CHECK_EQUAL(fetch(server.port(), "GET", "/at-once").status, 201);
  for (size_t i = 0; i < waiting.size(); ++i)
    waiting[i](text_response(200, std::to_string(i)));
  for (size_t i = 0; i < answers.size(); ++i)
    CHECK_EQUAL(answers[i].get().body, std::to_string(i));
}

TEST(an answer that is there at once is the only one) {
  auto x = fetch(server.port(), "GET", "/at-once");
  CHECK_EQUAL(x.status, 201);
  CHECK_EQUAL(x.body, "at once");
}

TEST(a fault is a 500) {
  CHECK_EQUAL(fetch(server.port(), "GET", "/throws").status, 500);
}

TEST(an order is a POST without a body and nothing else) {
  auto x = ask("POST", "/order", "Content-Length: 0\r\n");
  wait_for(1);
  waiting[0](text_response(200, "done"));
  CHECK_EQUAL(x.get().body, "done");
  for (const auto* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
    auto refused = fetch(server.port(), method, "/order");
    CHECK_EQUAL(refused.status, 405);
    CHECK_EQUAL(refused.headers["allow"], "POST");
  }
  auto refused = fetch(server.port(), "POST", "/later");
  CHECK_EQUAL(refused.status, 405);
  CHECK_EQUAL(refused.headers["allow"], "GET, HEAD");
  CHECK_EQUAL(asked(), 1u);
}

TEST(the end of the server answers those who wait) {
  auto x = ask("GET", "/later");
  wait_for(1);
  server.stop();
  x.wait();
  // Whoever would have answered may still try.
  waiting[0](text_response(200, "late"));
}

FIXTURE_SCOPE_END()
