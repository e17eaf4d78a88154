// A configuration becomes sources, and static entries become backends.
#define SUITE source_spec
#include "actors/discovery/source_spec.hpp"

#include "test/unit/test.hpp"

using namespace pgstatsmon;

namespace {

static_backend entry(const std::string& name, const std::string& ip) {
  static_backend result;
  result.name = name;
  result.ip = ip;
  return result;
}

} // namespace

TEST(a static entry takes from the top level what it does not say) {
  settings x;
  x.user = "watcher";
  x.database = "moray";
  x.backend_port = 5433;
  x.target.metadata = {{"datacenter", "dc1"}};
  x.static_backends = {entry("primary", "10.0.0.1")};
  backend expected;
  expected.id = "primary@10.0.0.1:5433/moray";
  expected.name = "primary";
  expected.address = "10.0.0.1";
  expected.port = 5433;
  expected.database = "moray";
  expected.user = "watcher";
  expected.labels = {{"datacenter", "dc1"}};
  expected.source = "static";
  CHECK(static_backends(x) == backend_list{expected});
}

TEST(a role names the database unless the entry does) {
  settings x;
  x.roles = {{"buckets-postgres", "buckets_metadata"}};
  x.static_backends = {entry("a", "10.0.0.1"), entry("b", "10.0.0.2"), entry("c", "10.0.0.3")};
  x.static_backends[0].role = "buckets-postgres";
  x.static_backends[1].role = "unheard-of";
  x.static_backends[2].role = "buckets-postgres";
  x.static_backends[2].database = "own";
  auto result = static_backends(x);
  REQUIRE(result.size() == 3);
  CHECK_EQUAL(result[0].database, "buckets_metadata");
  CHECK_EQUAL(result[1].database, "postgres");
  CHECK_EQUAL(result[2].database, "own");
}

TEST(an IPv6 address has brackets in the identity only) {
  settings x;
  x.static_backends = {entry("a", "fd00::1")};
  auto result = static_backends(x);
  REQUIRE(result.size() == 1);
  CHECK_EQUAL(result[0].id, "a@[fd00::1]:5432/postgres");
  CHECK_EQUAL(result[0].address, "fd00::1");
}

TEST(of two entries that are one backend the first counts) {
  settings x;
  x.static_backends = {entry("a", "10.0.0.1"), entry("a", "10.0.0.1"), entry("a", "10.0.0.1")};
  x.static_backends[1].user = "watcher";
  x.static_backends[2].database = "other";
  auto result = static_backends(x);
  REQUIRE(result.size() == 2);
  CHECK_EQUAL(result[0].user, "pgstatsmon");
  CHECK_EQUAL(result[1].id, "a@10.0.0.1:5432/other");
}

TEST(a find with a label of ours or a querys is rejected and the rest is not ) {
  backend_defaults defaults;
  defaults.query_labels = {{"cluster", "q"}};
  std::vector<found_backend> found(3);
  for (size_t i = 0; i < 3; ++i)
    found[i].name = found[i].address = "db" + std::to_string(i);
  found[0].labels = {{"cluster", "east"}};
  found[1].labels = {{"role", "db"}}; // as a list says that was kept by an older version
  found[2].labels = {{"clusters", "east"}};
  std::vector<rejection> rejected;
  auto result = to_backends(found, defaults, rejected);
  REQUIRE(result.size() == 1 && rejected.size() == 2);
  CHECK_EQUAL(result[0].name, "db2");
  CHECK(rejected[0].reason == reject_reason::label);
  CHECK_EQUAL(rejected[0].detail,
              "the label 'cluster' is a label of the query q, expected another name");
}

TEST(a name is shown as the page can show it) {
  found_backend x;
  x.name = "caf\xE9";
  x.address = "10.0.0.1";
  CHECK_EQUAL(to_backend(x, {}).name, "caf\xEF\xBF\xBD");
}

TEST(own labels win over those of the target) {
  CHECK(merged({{"a", "1"}, {"b", "2"}}, {{"b", "3"}, {"c", "4"}})
        == label_list({{"a", "1"}, {"b", "3"}, {"c", "4"}}));
}

TEST(every source gets the labels and roles that concern it) {
  settings x;
  x.target.metadata = {{"region", "eu"}};
  x.roles = {{"postgres", "moray"}, {"other", "postgres"}};
  x.vmapi.resize(2);
  x.vmapi[1].name = "dc2";
  x.vmapi[1].labels = {{"datacenter", "dc2"}};
  x.vmapi[1].roles = {{"other", "special"}};
  x.files.resize(1);
  x.state_dir = "/var/lib/pgstatsmon";
  auto specs = source_specs(x);
  REQUIRE(specs.size() == 3);
  CHECK_EQUAL(specs[0].name, "vmapi");
  CHECK_EQUAL(specs[1].name, "dc2");
  CHECK_EQUAL(specs[1].defaults.source, "dc2");
  CHECK(specs[1].defaults.labels == label_list({{"region", "eu"}, {"datacenter", "dc2"}}));
  CHECK_EQUAL(specs[1].defaults.roles.at("postgres"), "moray");
  CHECK_EQUAL(specs[1].defaults.roles.at("other"), "special");
  CHECK_EQUAL(specs[2].name, "file");
  CHECK_EQUAL(specs[2].state_dir, "/var/lib/pgstatsmon");
  x.static_backends = {entry("a", "10.0.0.1")};
  specs = source_specs(x);
  CHECK_EQUAL(specs[0].name, "static");
}

TEST(a pgbouncer has its console for a database and no others) {
  settings x;
  x.database = "moray";
  x.databases.on = true;
  x.static_backends = {entry("a", "10.0.0.1"), entry("b", "10.0.0.1")};
  x.static_backends[0].kind = backend_kind::pgbouncer;
  auto result = static_backends(x);
  REQUIRE(result.size() == 2);
  CHECK(result[0].kind == backend_kind::pgbouncer);
  CHECK_EQUAL(result[0].database, "pgbouncer");
  CHECK(!result[0].databases.on);
  CHECK_EQUAL(result[1].database, "moray");
  CHECK(result[1].databases.on);
}

TEST(a find is of its sources kind unless it says another) {
  backend_defaults defaults;
  defaults.kind = backend_kind::pgbouncer;
  defaults.database = "moray";
  found_backend x;
  x.name = x.address = "a";
  x.role = "some tag";
  CHECK(to_backend(x, defaults).kind == backend_kind::pgbouncer);
  CHECK_EQUAL(to_backend(x, defaults).database, "pgbouncer");
  x.kind = backend_kind::postgres;
  CHECK(to_backend(x, defaults).kind == backend_kind::postgres);
  CHECK_EQUAL(to_backend(x, defaults).database, "moray");
  x.kind.reset();
  x.database = "console2";
  CHECK_EQUAL(to_backend(x, defaults).database, "console2");
}

TEST(a label that a query of a pgbouncer makes is no label of one) {
  backend_defaults defaults;
  defaults.labels = {{"host", "x"}};
  defaults.console_labels = {{"host", "q"}};
  found_backend server;
  server.name = server.address = "a";
  auto console = server;
  console.name = "b";
  console.kind = backend_kind::pgbouncer;
  std::vector<rejection> rejected;
  CHECK_EQUAL(to_backends({server, console}, defaults, rejected).size(), 1u);
  REQUIRE(rejected.size() == 1);
  CHECK_EQUAL(rejected[0].what, "b");
  CHECK(rejected[0].reason == reject_reason::label);
}
