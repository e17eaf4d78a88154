// `databases` of the configuration: what holds, and what a name must be to be watched.
#define SUITE databases

#include "config/databases.hpp"

#include "test/unit/test.hpp"

#include "actors/discovery/source_spec.hpp"
#include "config/labels.hpp"

using namespace pgstatsmon;

namespace {

settings parsed(const std::string& text) {
  auto x = parse_settings(text, "test.yaml");
  if (!x)
    CAF_FAIL(context_of(x.error()));
  return *x;
}

std::string fault_of(const std::string& text) {
  auto x = parse_settings("static: {dbs: []}\n" + text, "test.yaml");
  return x ? std::string{} : context_of(x.error());
}

database_rules rules_of(const std::string& top, const std::string& entry) {
  auto x = parsed(top + "static:\n  dbs:\n  - {name: a, ip: 127.0.0.1" + entry + "}\n");
  return static_backends(x).at(0).databases;
}

bool takes(const std::vector<std::string>& include, const std::vector<std::string>& exclude,
           const std::string& name) {
  return database_filter{{.on = true, .include = include, .exclude = exclude}}.takes(name);
}

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

} // namespace

TEST(databases are off unless they are asked for) {
  CHECK(!rules_of("", "").on);
  CHECK(!rules_of("databases:\n", "").on);
  CHECK(!rules_of("databases: false\n", "").on);
  CHECK(rules_of("databases: true\n", "").on);
  CHECK(rules_of("databases: {}\n", "") == database_rules{.on = true});
}

TEST(narrower words win) {
  auto top = "databases: {exclude: [x], keep: 2, interval: 1m}\n";
  CHECK(!rules_of(top, ", databases: false").on);
  database_rules expected{.on = true, .exclude = {"x"}, .keep = 3, .interval = 60'000};
  CHECK(rules_of(top, ", databases: {keep: 3}") == expected);
  expected.keep = 2;
  expected.exclude.clear();
  CHECK(rules_of(top, ", databases: {exclude: []}") == expected);
}

TEST(what is wrong is said) {
  CHECK(contains(fault_of("databases: {max: 0}\n"), "databases.max"));
  CHECK(contains(fault_of("databases: {at_once: 21}\n"), "databases.at_once"));
  CHECK(contains(fault_of("databases: {include: ['(']}\n"), "no regular expression"));
  CHECK(contains(fault_of("databases: {include: ['(a)\\1']}\n"), "back reference"));
  CHECK(contains(fault_of("databases: 3\n"), "databases"));
  CHECK(contains(fault_of("databases: {every: 3}\n"), "databases.every"));
}

TEST(expressions are of whole names and exclude wins) {
  CHECK(takes({}, {}, "anything"));
  CHECK(takes({"app_[0-9]+"}, {}, "app_12"));
  CHECK(!takes({"app_[0-9]+"}, {}, "my_app_12"));
  CHECK(!takes({"app_.*"}, {"app_1"}, "app_1"));
  CHECK(takes({"app_.*"}, {"app_1"}, "app_12"));
  CHECK(!takes({}, {}, "rdsadmin"));
  CHECK(!takes({"cloudsqladmin"}, {}, "cloudsqladmin"));
}

TEST(an expression ends soon whatever a database is called) {
  CHECK(!takes({"(a*)*b"}, {}, std::string(63, 'a')));
}

TEST(a static label datname is refused where all databases are watched) {
  auto text = std::string{"target: {metadata: {datname: x}}\ncollect: {sets: [original], off: "
                          "[pg_stat_database, pg_stat_activity, pg_database_wraparound]}\nstatic:\n"
                          "  dbs:\n  - {name: a, ip: 127.0.0.1"};
  auto queries = built_in_catalogue();
  CHECK(!check_static_labels(parsed(text + "}\n"), *queries, "test.yaml"));
  CHECK(check_static_labels(parsed(text + ", databases: true}\n"), *queries, "test.yaml"));
}

TEST(sessions of a server) {
  CHECK_EQUAL(sessions_of({}), 1u);
  CHECK_EQUAL(sessions_of({.on = true}), 2u);
  CHECK_EQUAL(sessions_of({.on = true, .keep = 4}), 6u);
  CHECK(contains(explain(parsed("databases: {keep: 2}\nstatic: {dbs: [{name: a, ip: b}]}\n")),
                 "1 + 2 + 1 sessions"));
}
