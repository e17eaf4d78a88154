// The list of backends as Prometheus' HTTP service discovery reads it.
#define SUITE service_discovery
#include "actors/exposition/service_discovery.hpp"

#include "test/unit/http_client.hpp"
#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include <nlohmann/json.hpp>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using nlohmann::json;

namespace {

struct fixture : page_fixture {
  fixture() {
    backend x;
    x.name = "a/b c?ö";
    x.address = "db1";
    x.port = 5433;
    x.database = "app";
    x.source = "static";
    x.labels = {{"zone", "west"}, {"source", "lost"}};
    backends = {std::make_shared<entry>(x, 1, std::make_shared<backend_metrics>(queries))};
  }

  json targets() const {
    return json::parse(targets_json(backends, "host:9187", "/metrics/backends/"));
  }
};

} // namespace

FIXTURE_SCOPE(service_discovery_tests, fixture)

TEST(a backend is a group of one target) {
  auto all = targets();
  REQUIRE(all.size() == 1u);
  CHECK_EQUAL(all[0]["targets"], json::array({"host:9187"}));
  auto labels = json{{"__metrics_path__", "/metrics/backends/a/b c?ö"},
                     {"instance", "a/b c?ö"},
                     {"__meta_pgstatsmon_zone", "west"},
                     {"__meta_pgstatsmon_source", "static"},
                     {"__meta_pgstatsmon_address", "db1"},
                     {"__meta_pgstatsmon_port", "5433"},
                     {"__meta_pgstatsmon_database", "app"},
                     {"__meta_pgstatsmon_kind", "postgres"}};
  CHECK_EQUAL(all[0]["labels"], labels);
}

TEST(of a shared fleet each backend is at the address of its owner) {
  auto one = [](const char* name, const char* address) {
    backend x;
    x.name = name;
    return fleet_target{std::make_shared<const backend>(x),
                        std::make_shared<const std::string>(address)};
  };
  auto all = json::parse(targets_json({one("x", "a:1"), one("y", "b:2")}, "/metrics/backends/"));
  REQUIRE(all.size() == 2u);
  CHECK_EQUAL(all[0]["targets"], json::array({"a:1"}));
  CHECK_EQUAL(all[1]["targets"], json::array({"b:2"}));
  CHECK_EQUAL(all[1]["labels"]["instance"], "y");
}

TEST(no backend is an empty list) {
  backends.clear();
  CHECK(targets().is_array());
  CHECK(targets().empty());
}

TEST(the list is at the address that was asked and waits until all were tried) {
  auto cell = std::make_shared<snapshot_cell>();
  auto pulse = std::make_shared<heartbeat>(std::chrono::steady_clock::now());
  http_server server{{}};
  add_service_discovery(server, cell, nullptr, pulse, "/metrics/backends/");
  REQUIRE(!server.start());
  for (const auto& x : backends)
    cell->add(x);
  CHECK_EQUAL(fetch(server.port(), "GET", targets_route).status, 503);
  pulse->set_ready();
  auto x = fetch(server.port(), "GET", targets_route);
  CHECK_EQUAL(x.status, 200);
  CHECK_EQUAL(x.headers["content-type"], "application/json");
  CHECK(json::parse(x.body)[0]["targets"][0] == "x"); // fetch() says so
  http_connection without_host{server.port()};
  without_host.say("GET /api/v1/sd HTTP/1.0\r\n\r\n");
  CHECK_EQUAL(parse_answer(without_host.hear_all()).status, 400);
}

FIXTURE_SCOPE_END()

TEST(an address is a host and perhaps a port) {
  for (const auto* x :
       {"db1:9187", "db1", "a.b-c_d.example.com:1", "10.0.0.1:65535", "[::1]:9187", "[fd00::1]"}) {
    auto address = address_in(x);
    REQUIRE(address);
    CHECK_EQUAL(*address, x);
  }
  CHECK_EQUAL(address_in("::1").value_or(""), "[::1]");
}

TEST(what is no address is refused) {
  for (const auto* x :
       {"",     ":9187",   "db1:",     "db1:0",      "db1:65536", "db1:80x", "a b",
        "a,b",  "a/b",     "user@db1", "http://db1", "/run/x",    "@x:1",    "[::1",
        "::1]", "[db1]:1", "\"",       "a\nb",       "ö",         "[::1]x",  "db1:1:2"})
    CHECK(!address_in(x));
  CHECK(!address_in(std::string(300, 'a')));
  CHECK(!address_in(std::string_view{"::1\0x", 5}));
}
