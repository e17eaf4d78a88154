// Which queries are collected: sets and names, wider and narrower places.
#define SUITE collect

#include "config/collect.hpp"

#include "test/unit/test.hpp"

#include "messages/error.hpp"

#include <string>

using namespace pgstatsmon;

namespace {

query_definition query(std::string name, std::string set) {
  query_definition result;
  result.name = std::move(name);
  result.set = std::move(set);
  return result;
}

const query_definition locks = query("locks", "core");
const query_definition bloat = query("bloat", "full");

/// The faults of a configuration's `collect` against a catalogue of the two.
std::string faults(const std::string& collect) {
  auto options =
    parse_settings("{static: {dbs: [{name: a, ip: 10.0.0.1}]}, collect: " + collect + "}", "f");
  REQUIRE(options);
  auto error = check_collect(*options, catalogue{{locks, bloat}}, "f");
  return error ? sentence_of(error) : std::string{};
}

} // namespace

TEST(the default has core and not full) {
  CHECK(collects({}, locks));
  CHECK(!collects({}, bloat));
}

TEST(names win over sets) {
  auto rules = narrowed({}, {.sets = {}, .on = {"bloat"}, .off = {"locks"}});
  CHECK(collects(rules, bloat));
  CHECK(!collects(rules, locks));
}

TEST(a narrower place wins over a wider one) {
  auto rules = narrowed({}, {.sets = {{"full"}}, .on = {}, .off = {"bloat"}});
  CHECK(!collects(rules, locks));
  CHECK(!collects(rules, bloat));
  rules = narrowed(rules, {.sets = {}, .on = {"bloat"}, .off = {}});
  CHECK(collects(rules, bloat));
  rules = narrowed(rules, {.sets = {{"core"}}, .on = {}, .off = {"bloat"}});
  CHECK(collects(rules, locks));
  CHECK(!collects(rules, bloat));
}

TEST(no set at all leaves what is named) {
  auto rules = narrowed({}, {.sets = {std::vector<std::string>{}}, .on = {"locks"}, .off = {}});
  CHECK(collects(rules, locks));
  CHECK(!collects(rules, bloat));
}

TEST(what the catalogue does not have is a fault with a place and an advice) {
  CHECK_EQUAL(faults("{sets: [core, full], on: [bloat]}"), "");
  CHECK_EQUAL(faults("{sets: [standard, original]}"), "");
  CHECK(faults("{sets: [cor]}").find("collect.sets[0]: there is no set cor, did you mean core?")
        != std::string::npos);
  CHECK(faults("{off: [lock]}").find("collect.off[0]: there is no query lock, did you mean locks?")
        != std::string::npos);
}

TEST(a query that is on and off is a fault) {
  auto options =
    parse_settings("{static: {dbs: [{name: a, ip: 10.0.0.1, collect: {on: [x], off: [x]}}]}}", "f");
  REQUIRE(!options);
  CHECK(sentence_of(options.error()).find("has x, which on has too") != std::string::npos);
}

TEST(a query of the other kind can not be switched on) {
  auto pools = query("pools", "core");
  pools.kind = backend_kind::pgbouncer;
  auto faults_with = [&](const std::string& sources) {
    auto options = parse_settings(sources, "f");
    REQUIRE(options);
    auto error = check_collect(*options, catalogue{{locks, pools}}, "f");
    return error ? sentence_of(error) : std::string{};
  };
  auto entry = [](const std::string& more) {
    return "static: {dbs: [{name: a, ip: 10.0.0.1, " + more + "}]}";
  };
  CHECK_EQUAL(faults_with(entry("kind: pgbouncer, collect: {on: [pools]}")), "");
  CHECK_EQUAL(faults_with(entry("collect: {on: [locks]}")), "");
  CHECK_EQUAL(faults_with(entry("kind: pgbouncer, collect: {off: [locks]}")), "");
  CHECK(faults_with(entry("kind: pgbouncer, collect: {on: [locks]}"))
          .find("locks is a query of kind: postgres, expected one of kind: pgbouncer")
        != std::string::npos);
  CHECK(faults_with(entry("collect: {on: [pools]}"))
          .find("pools is a query of kind: pgbouncer, expected one of kind: postgres")
        != std::string::npos);
  // A source may list both kinds, as the whole configuration may.
  CHECK_EQUAL(faults_with("file: {path: /dev/null, collect: {on: [pools, locks]}}"), "");
  CHECK_EQUAL(faults_with("static: {}\ncollect: {on: [pools, locks]}"), "");
}
