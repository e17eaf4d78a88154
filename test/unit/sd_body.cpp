// Lists of backends as files and http_sd servers give them.
#define SUITE sd_body
#include "actors/discovery/sd_body.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/target.hpp"
#include "config/fault.hpp"

using namespace pgstatsmon;

namespace {

found_list good(std::string_view text) {
  auto result = parse_backends(text, "list.yaml");
  REQUIRE(result);
  return *result;
}

std::string bad(std::string_view text) {
  auto result = parse_backends(text, "list.yaml");
  return result ? "" : context_of(result.error());
}

} // namespace

TEST(a target is a host with or without a port) {
  CHECK(parse_target("db1:5433") == target({"db1", 5433}));
  CHECK(parse_target("db1.example.com") == target({"db1.example.com", 0}));
  CHECK(parse_target("10.0.0.1:1") == target({"10.0.0.1", 1}));
  CHECK(parse_target("[fd00::1]:5432") == target({"fd00::1", 5432}));
  CHECK(parse_target("[fd00::1]") == target({"fd00::1", 0}));
  CHECK(parse_target("fd00::1") == target({"fd00::1", 0}));
  CHECK(parse_target("/run/postgresql") == target({"/run/postgresql", 0}));
  CHECK(parse_target("/run/postgresql:5433") == target({"/run/postgresql", 5433}));
  CHECK(parse_target("/run/postgresql/.s.PGSQL.5433") == target({"/run/postgresql", 5433}));
  CHECK(parse_target("@abstract:5433") == target({"@abstract", 5433}));
  for (auto x : {"",
                 ":5432",
                 "db1:",
                 "db1:0",
                 "db1:65536",
                 "db1:5432x",
                 "db1:-1",
                 "http://db1",
                 "db1/path",
                 "/run/postgresql:0",
                 "/run/postgresql:x",
                 "/run/a,b",
                 "/",
                 "@",
                 "[db1]:5432",
                 "[10.0.0.1]:5432",
                 "[fd00::1]x",
                 "[fd00::1",
                 "a b",
                 "-x",
                 "db1:5432:1"})
    CHECK(!parse_target(x));
}

TEST(groups of targets are read as Prometheus writes them) {
  auto list = good(R"([{"targets": ["db1:5433", "10.0.0.1"],
    "labels": {"datacenter": "dc1", "__meta_consul_dc": "x", "__database__": "moray",
               "__role__": "r", "__user__": "watcher"}}, {"targets": []}])");
  CHECK(list.rejected.empty());
  REQUIRE(list.backends.size() == 2);
  found_backend first;
  first.name = "db1:5433";
  first.address = "db1";
  first.port = 5433;
  first.database = "moray";
  first.role = "r";
  first.user = "watcher";
  first.labels = {{"datacenter", "dc1"}};
  CHECK(list.backends[0] == first);
  CHECK_EQUAL(list.backends[1].name, "10.0.0.1");
  CHECK_EQUAL(list.backends[1].port, 0);
}

TEST(the label name names the backend) {
  auto list = good("- targets: ['10.0.0.1:5432']\n  labels: {name: primary}\n");
  REQUIRE(list.backends.size() == 1);
  CHECK_EQUAL(list.backends[0].name, "primary");
  CHECK(list.backends[0].labels.empty());
}

TEST(entries of our own form are read too) {
  auto list = good("- {name: a, ip: db1.example.com, port: 5433, database: d, user: u, role: r,\n"
                   "   labels: {rack: 7}}\n"
                   "- targets: [b]\n");
  REQUIRE(list.backends.size() == 2);
  found_backend first;
  first.name = "a";
  first.address = "db1.example.com";
  first.port = 5433;
  first.database = "d";
  first.user = "u";
  first.role = "r";
  first.labels = {{"rack", "7"}};
  CHECK(list.backends[0] == first);
}

TEST(what can not be is rejected one by one) {
  auto list = good("- targets: ['http://x', 'db1']\n"
                   "- targets: [db2, db3]\n"
                   "  labels: {backend: x}\n");
  REQUIRE(list.backends.size() == 1);
  CHECK_EQUAL(list.backends[0].name, "db1");
  REQUIRE(list.rejected.size() == 3);
  CHECK(
    list.rejected[0]
    == rejection({"http://x", reject_reason::address, "line 1, column 13: it is no host:port"}));
  CHECK_EQUAL(list.rejected[1].what, "db2");
  CHECK(list.rejected[2].reason == reject_reason::label);
}

TEST(an entry with a label that can not be costs that entry) {
  auto list = good("- {name: a, ip: db1, labels: {role: x}}\n"
                   "- {name: b, ip: db1, labels: {__x: x}}\n"
                   "- {name: c, ip: db1, labels: {source: x}}\n");
  REQUIRE(list.backends.size() == 1 && list.rejected.size() == 2);
  CHECK_EQUAL(list.backends[0].name, "c");
  CHECK(list.rejected[0]
        == rejection({"a", reject_reason::label,
                      "line 1, column 37: the label 'role' is a label of our own metrics, expected "
                      "another name"}));
  CHECK_EQUAL(list.rejected[1].what, "b");
}

TEST(a list of another form is no list and says where) {
  CHECK_EQUAL(
    bad("a: 1\n"),
    "list.yaml:1:1: is an object, expected a list: of {name, ip}, or of {targets, labels}");
  CHECK_EQUAL(bad("- targets: db1\n  label: {}\n"),
              "list.yaml:1:12: [0].targets: is a string, expected a list\n"
              "list.yaml:2:3: [0].label: unknown key, did you mean 'labels'?");
  CHECK(bad("- name: a\n").starts_with("list.yaml:1:3: [0].ip: is missing"));
  CHECK(bad("- [1]\n").starts_with("list.yaml:1:3: [0]: is a list, expected an object"));
  CHECK(!bad("").empty());
  CHECK(!bad("[{\"targets\": [").empty());
  CHECK(!bad("<html>").empty());
  CHECK(!bad("[" + std::string(100'000, '[')).empty());
}

TEST(an empty list is a list) {
  CHECK(good("[]") == found_list{});
}

TEST(an entry and a group may say what kind they are) {
  auto x = good("- {name: p, ip: 10.0.0.1, kind: pgbouncer}\n- {name: q, ip: 10.0.0.2}\n"
                "- {targets: [\"a:6432\"], labels: {__kind__: pgbouncer, team: x}}\n");
  REQUIRE(x.backends.size() == 3);
  CHECK(x.backends[0].kind == backend_kind::pgbouncer);
  CHECK(!x.backends[1].kind);
  CHECK(x.backends[2].kind == backend_kind::pgbouncer);
  CHECK((x.backends[2].labels == label_list{{"team", "x"}}));
  CHECK_EQUAL(bad("- {name: p, ip: 10.0.0.1, kind: pgpool}"),
              "list.yaml:1:33: [0].kind: is none of its values, expected one of postgres, "
              "pgbouncer");
}
