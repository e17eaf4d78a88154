// The HTTP server, over real sockets on 127.0.0.1.
#define SUITE http_server
#include "actors/exposition/http_server.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include "actors/exposition/gzip.hpp"
#include "actors/exposition/listen.hpp"
#include "actors/exposition/pages.hpp"

#include <future>
#include <stdexcept>

#include <isa-l.h>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using namespace std::chrono_literals;

namespace {

std::string gunzip(std::string text) {
  std::string result;
  inflate_state state{};
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<uint8_t*>(text.data());
  state.avail_in = static_cast<uint32_t>(text.size());
  std::array<char, 65536> buffer{};
  do {
    state.next_out = reinterpret_cast<uint8_t*>(buffer.data());
    state.avail_out = buffer.size();
    CAF_REQUIRE_EQUAL(isal_inflate(&state), ISAL_DECOMP_OK);
    result.append(buffer.data(), buffer.size() - state.avail_out);
  } while (state.avail_out == 0);
  CAF_REQUIRE(state.block_state == ISAL_BLOCK_FINISH);
  return result;
}

/// `size` bytes, no two lines alike.
class lines_source final : public body_source {
public:
  explicit lines_source(size_t size, std::promise<void>* freed = nullptr)
    : left_{size}, freed_{freed} {}

  ~lines_source() override {
    if (freed_ != nullptr)
      freed_->set_value();
  }

  size_t read(char* to, size_t max) override {
    size_t n = 0;
    for (; n < max && left_ > 0; ++n, --left_)
      to[n] = left_ % 61 == 0 ? '\n' : static_cast<char>('a' + left_ / 7 % 26);
    return n;
  }

private:
  size_t left_;
  std::promise<void>* freed_;
};

class failing_source final : public body_source {
public:
  size_t read(char* to, size_t max) override {
    if (std::exchange(failed_, true))
      throw std::runtime_error("broken");
    std::memset(to, 'x', max);
    return max;
  }

private:
  bool failed_ = false;
};

std::string all_of(body_source& x, size_t chunk = 4096) {
  std::string result;
  std::string buffer(chunk, '\0');
  while (auto n = x.read(buffer.data(), chunk))
    result.append(buffer, 0, n);
  return result;
}

std::string compressed(size_t size, size_t chunk) {
  gzip_source x{std::make_unique<lines_source>(size)};
  return all_of(x, chunk);
}

std::string text_of(size_t size) {
  lines_source x{size};
  return all_of(x);
}

struct fixture {
  fixture() {
    server.add_route("/text", [](const http_request&) {
      http_response x;
      x.body = "hello\n";
      return x;
    });
    server.add_route("/large", [](const http_request&) {
      http_response x;
      x.stream = std::make_unique<lines_source>(5'000'000);
      return x;
    });
    server.add_route("/endless", [this](const http_request&) {
      http_response x;
      x.stream = std::make_unique<lines_source>(SIZE_MAX, &freed);
      return x;
    });
    server.add_route("/throws", [](const http_request&) -> http_response {
      throw std::runtime_error("a handler's fault");
    });
    server.add_route("/breaks", [](const http_request&) {
      http_response x;
      x.stream = std::make_unique<failing_source>();
      return x;
    });
    server.add_route("/api/*", [](const http_request& request) {
      http_response x;
      x.type = "application/json";
      x.body = request.path;
      return x;
    });
    server.add_route("/seen", [](const http_request& request) {
      http_response x;
      for (const auto& [name, value] : request.parameters)
        x.body += fmt::format("{}={}\n", name, value);
      for (const auto& [name, value] : request.headers)
        x.body += fmt::format("{}: {}\n", name, value);
      return x;
    });
    CAF_REQUIRE(!server.start());
  }

  http_answer get(std::string_view path, std::string_view headers = {}) const {
    return fetch(server.port(), "GET", path, headers);
  }

  std::promise<void> freed;
  http_server server{{}};
};

} // namespace

FIXTURE_SCOPE(http_server_tests, fixture)

TEST(a route is served) {
  auto x = get("/text?query=ignored");
  CHECK_EQUAL(x.status, 200);
  CHECK_EQUAL(x.body, "hello\n");
  CHECK_EQUAL(x.headers["content-type"], "text/plain; charset=utf-8");
}

TEST(HEAD has the headers alone) {
  for (const auto* path : {"/text", "/large", "/endless"}) {
    auto x = fetch(server.port(), "HEAD", path);
    CHECK_EQUAL(x.status, 200);
    CHECK_EQUAL(x.headers["content-type"], "text/plain; charset=utf-8");
    CHECK_EQUAL(x.body, "");
  }
}

TEST(what is not there is a 404) {
  for (const auto* path : {"/", "/nothing", "/text/", "/tex", "/api"})
    CHECK_EQUAL(get(path).status, 404);
  CHECK_EQUAL(fetch(server.port(), "POST", "/nothing").status, 404);
}

TEST(other methods are refused with what is allowed) {
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    auto x = fetch(server.port(), method, "/text");
    CHECK_EQUAL(x.status, 405);
    CHECK_EQUAL(x.headers["allow"], "GET, HEAD");
  }
}

TEST(a request with a body is answered without reading it) {
  CHECK_EQUAL(fetch(server.port(), "POST", "/text", "Content-Length: 1000000000000\r\n").status,
              405);
  CHECK_EQUAL(get("/text", "Content-Length: 1000000000000\r\n").body, "hello\n");
}

TEST(a prefix takes all below it) {
  auto x = get("/api/v1/backends/a%20b");
  CHECK_EQUAL(x.body, "/api/v1/backends/a b");
  CHECK_EQUAL(x.headers["content-type"], "application/json");
}

TEST(a handler sees parameters and headers) {
  auto x = get("/seen?b=1&a=%20+x", "X-One: 1\r\nX-Empty:\r\n");
  CHECK_EQUAL(x.body, "b=1\na=  x\nHost: x\nConnection: close\nX-One: 1\nX-Empty: \n");
}

TEST(a large body arrives whole) {
  auto x = get("/large");
  CHECK(x.complete);
  CHECK(x.body == text_of(5'000'000));
}

TEST(a large body arrives whole and compressed) {
  auto x = get("/large", "Accept-Encoding: deflate, gzip;q=0.5\r\n");
  CHECK_EQUAL(x.headers["content-encoding"], "gzip");
  CHECK_EQUAL(x.headers["vary"], "Accept-Encoding");
  CHECK(x.complete);
  CHECK(x.body.size() < 2'500'000);
  CHECK(gunzip(x.body) == text_of(5'000'000));
}

TEST(who refuses gzip gets none and nor does a small body) {
  CHECK(!get("/large", "Accept-Encoding: gzip;q=0\r\n").headers.contains("content-encoding"));
  CHECK(!get("/text", "Accept-Encoding: gzip\r\n").headers.contains("content-encoding"));
}

TEST(a connection serves several requests) {
  http_connection connection{server.port()};
  for (int i = 0; i < 3; ++i) {
    connection.say("GET /text HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string heard;
    while (!heard.ends_with("hello\n")) {
      auto part = connection.hear();
      CAF_REQUIRE(!part.empty());
      heard += part;
    }
  }
}

TEST(HTTP 1.0 gets a body that ends with the connection) {
  http_connection connection{server.port()};
  connection.say("GET /large HTTP/1.0\r\n\r\n");
  auto x = parse_answer(connection.hear_all());
  CHECK_EQUAL(x.status, 200);
  CHECK(x.body == text_of(5'000'000));
}

TEST(a fault of a handler is a 500) {
  CHECK_EQUAL(get("/throws").status, 500);
  CHECK_EQUAL(get("/text").status, 200);
}

TEST(a body that breaks is seen to be incomplete) {
  auto x = get("/breaks");
  CHECK_EQUAL(x.status, 200);
  CHECK(!x.complete);
}

TEST(a client that disappears frees its body) {
  {
    http_connection connection{server.port()};
    connection.say("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(!connection.hear().empty());
  }
  CHECK(freed.get_future().wait_for(10s) == std::future_status::ready);
}

TEST(the end of the server frees what it was sending) {
  http_connection connection{server.port()};
  connection.say("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(!connection.hear().empty());
  server.stop();
  server.stop();
  CHECK(freed.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(!http_connection{server.port()});
}

TEST(nonsense and endless headers do no harm) {
  for (const auto& text : {std::string{"\r\n\r\n\r\n"}, std::string{"GET\r\n\r\n"},
                           std::string("\0\xFF\xFE\n\n", 5), "GET /" + std::string(1000000, 'x'),
                           "GET /text HTTP/1.1\r\nHost: x\r\nX: " + std::string(1000000, 'x')}) {
    http_connection connection{server.port()};
    connection.say(text);
  }
  CHECK_EQUAL(get("/text").status, 200);
}

// libmicrohttpd 0.9.75 reads a null pointer when it refuses a request while it is being stopped.
TEST(a server ends in order while clients talk nonsense) {
  constexpr int rounds = 60;
  const auto endless = "GET /text HTTP/1.1\r\nHost: x\r\nX: " + std::string(200'000, 'x');
  for (int i = 0; i < rounds; ++i) {
    http_server ending{{}};
    ending.add_route("/text", [](const http_request&) { return http_response{}; });
    CAF_REQUIRE(!ending.start());
    std::atomic<int> sent{0};
    auto talk = [&](const std::stop_token& end) {
      while (!end.stop_requested()) {
        http_connection connection{ending.port()};
        connection.say(endless);
        ++sent;
      }
    };
    std::array<std::jthread, 4> clients{std::jthread{talk}, std::jthread{talk}, std::jthread{talk},
                                        std::jthread{talk}};
    while (sent < 8)
      std::this_thread::yield();
    ending.stop();
  }
  CHECK_EQUAL(get("/text").status, 200);
}

TEST(an address in use is an error with the reason) {
  http_options options;
  options.port = server.port();
  http_server second{options};
  auto error = second.start();
  CHECK(error == ec::listen_failed);
  auto reason = caf::to_string(error);
  CHECK(
    reason.find(fmt::format("cannot listen on 127.0.0.1:{}: Address already in use", server.port()))
    != std::string::npos);
}

TEST(an address that is none is an error) {
  for (const auto* ip : {"localhost", "", "1.2.3", "::g", "192.0.2.1"}) {
    http_options options;
    options.ip = ip;
    CHECK(http_server{options}.start() == ec::listen_failed);
  }
}

TEST(a socket that listens already is taken) {
  auto fd = listen_on("127.0.0.1", 0);
  CAF_REQUIRE(fd);
  http_options options;
  options.listen_fd = *fd;
  http_server second{options};
  second.add_route("/", [](const http_request&) { return http_response{}; });
  CHECK(!second.start());
  CHECK_EQUAL(second.port(), port_of(*fd));
  CHECK_EQUAL(fetch(second.port(), "GET", "/").status, 200);
}

TEST(more connections than allowed are closed as they come) {
  http_options options;
  options.max_connections = 3;
  http_server second{options};
  second.add_route("/", [](const http_request&) { return http_response{}; });
  CHECK(!second.start());
  auto serves = [](http_connection& x) {
    x.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return !x.hear().empty();
  };
  std::vector<std::unique_ptr<http_connection>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<http_connection>(second.port()));
    CHECK(serves(*clients.back()));
  }
  auto begin = std::chrono::steady_clock::now();
  http_connection refused{second.port()};
  CHECK(!serves(refused));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  clients.pop_back();
  auto again = false;
  for (int i = 0; i < 1000 && !again; ++i)
    again = fetch(second.port(), "GET", "/").status == 200;
  CHECK(again);
}

TEST(a connection that does nothing is closed) {
  http_options options;
  options.timeout = 1s;
  http_server second{options};
  CHECK(!second.start());
  http_connection silent{second.port()};
  auto begin = std::chrono::steady_clock::now();
  CHECK_EQUAL(silent.hear(), "");
  CHECK(std::chrono::steady_clock::now() - begin < 9s);
}

TEST(a client that sends a request too slowly is cut) {
  http_options options;
  options.timeout = 1s;
  http_server second{options};
  CHECK(!second.start());
  http_connection slow{second.port()};
  std::promise<void> never;
  auto pause = never.get_future();
  auto begin = std::chrono::steady_clock::now();
  slow.say("GET / HTTP/1.1\r\nX: ");
  while (slow && std::chrono::steady_clock::now() - begin < 9s) {
    pause.wait_for(50ms);
    slow.say("x");
  }
  CHECK(!slow);
}

TEST(a client that takes a response too slowly is cut) {
  http_options options;
  options.response_timeout = 1s;
  http_server second{options};
  second.add_route("/endless", [this](const http_request&) {
    http_response x;
    x.stream = std::make_unique<lines_source>(SIZE_MAX, &freed);
    return x;
  });
  CHECK(!second.start());
  http_connection slow{second.port()};
  slow.say("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  auto end = freed.get_future();
  auto begin = std::chrono::steady_clock::now();
  while (end.wait_for(20ms) != std::future_status::ready
         && std::chrono::steady_clock::now() - begin < 9s)
    slow.hear();
  CHECK(end.wait_for(0s) == std::future_status::ready);
}

FIXTURE_SCOPE_END()

FIXTURE_SCOPE(page_tests, page_fixture)

TEST(the page and the index are served) {
  auto cell = std::make_shared<snapshot_cell>();
  show(add("<a&b>"), {{{R"(table="t")", {1, 2}}}, {}});
  for (const auto& x : backends)
    cell->add(x);
  auto daemon = std::make_shared<daemon_metrics>(label_list{{"dc", "x"}});
  http_server server{{}};
  add_pages(server, {cell, [this] { return queries; }, daemon}, "/metrics");
  CHECK(!server.start());
  auto x = fetch(server.port(), "GET", "/metrics");
  CHECK_EQUAL(x.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  CHECK(x.body.find("tables_scans{backend=\"<a&b>\",table=\"t\"} 1\n") != x.body.npos);
  CHECK(x.body.find("\npgstatsmon_pages_total{dc=\"x\"} 0\n") != x.body.npos);
  CHECK(x.body.find("\nprocess_open_fds{dc=\"x\"} ") != x.body.npos);
  auto zipped = fetch(server.port(), "GET", "/metrics", "Accept-Encoding: gzip\r\n");
  auto second = gunzip(zipped.body);
  CHECK(second.find("\npgstatsmon_pages_total{dc=\"x\"} 1\n") != second.npos);
  CHECK(second.find(fmt::format("\npgstatsmon_page_bytes{{dc=\"x\"}} {}\n", x.body.size()))
        != second.npos);
  auto index = fetch(server.port(), "GET", "/");
  CHECK_EQUAL(index.headers["content-type"], "text/html; charset=utf-8");
  CHECK(index.body.find("<a href=\"/metrics\">") != index.body.npos);
  CHECK(index.body.find("&lt;a&amp;b&gt;</a><td>connecting<td>unknown<td>unknown<td>never<td>none")
        != index.body.npos);
}

FIXTURE_SCOPE_END()

TEST(gzip of any size in any chunk reads back) {
  for (size_t size : {0u, 1u, 100u, 32768u, 32769u, 1000000u})
    for (size_t chunk : {1u, 7u, 4096u, 1000000u})
      CHECK(gunzip(compressed(size, chunk)) == text_of(size));
}

TEST(gzip is accepted as HTTP says) {
  for (const auto* x :
       {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=1.0, *;q=0", "*", "gzip ; q=0.001",
        "deflate,gzip;q=0.5", "identity;q=0, *", "gzip;q=", "gzip;v=b3"})
    CHECK(accepts_gzip(x));
  for (const auto* x : {"", "identity", "gzip;q=0", "gzip; q=0.000", "gzip;Q=0", "*;q=0", "br",
                        "gzip;q=0, *", "gzipped", ",,;", "*;q=0, deflate"})
    CHECK(!accepts_gzip(x));
}
