// What definitions say of vital signs, and what is refused.
#define SUITE definition_vitals

#include "test/unit/test.hpp"

#include "config/catalogue.hpp"
#include "config/fault.hpp"

#include <set>

using namespace pgstatsmon;

namespace {

using joining = vital_part::joining;

/// A query with one counter `c` and one gauge `g`, each with something more.
std::string definition(const std::string& name, const std::string& counter,
                       const std::string& gauge, const std::string& more = {}) {
  return "name: " + name + "\nhelp: Something.\n" + more
         + "labels: [datname, state]\nmetrics:\n  - {column: c, type: counter, help: X." + counter
         + "}\n  - {column: g, type: gauge, help: X." + gauge + "}\nversions:\n  - sql: SELECT 1\n";
}

caf::expected<catalogue_ptr> read(const std::string& counter, const std::string& gauge,
                                  const std::string& more = {}) {
  return parse_catalogue({{"f", definition("q", counter, gauge, more)}});
}

std::string fault_of(const caf::expected<catalogue_ptr>& x) {
  return x ? std::string{} : context_of(x.error());
}

bool has(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos)
    return true;
  CAF_ERROR("'" << text << "' lacks '" << part << "'");
  return false;
}

} // namespace

TEST(a metric is a part of vital signs) {
  auto x = read(", vital: transactions",
                ", vital: [{name: sessions_active, where: {state: active}}, "
                "{name: lag, rows: max, otherwise: 0, where: {datname: [a, b], state: ''}}]");
  if (!x)
    CAF_FAIL(fault_of(x));
  const auto& vitals = (*x)->vitals();
  REQUIRE(vitals.size() == 3u);
  CHECK_EQUAL(vitals[0].metric, 0u);
  CHECK(vitals[0].part == vital_part{});
  CHECK_EQUAL(vitals[2].query, 0u);
  CHECK_EQUAL(vitals[2].metric, 1u);
  CHECK(vitals[1].part
        == (vital_part{vital_sign::sessions_active, {{1, {"active"}}}, joining::sum, {}}));
  CHECK(vitals[2].part
        == (vital_part{vital_sign::lag, {{0, {"a", "b"}}, {1, {""}}}, joining::max, 0}));
}

TEST(what is wrong with a vital sign has a place) {
  CHECK(has(fault_of(read(", vital: nonsense", "")), "f:5:49: metrics[0].vital: is none of its"));
  CHECK(has(fault_of(read(", vital: {rows: max}", "")), "vital.name: is missing"));
  CHECK(has(fault_of(read(", vital: {name: wal, where: {x: y}}", "")), "is no label of the query"));
  CHECK(has(fault_of(read(", vital: {name: wal, where: {state: 'a\"'}}", "")), "has a quote"));
  CHECK(has(fault_of(read(", vital: {name: wal, where: {state: []}}", "")), "is empty, expected"));
  CHECK(has(fault_of(read(", vital: {name: wal, rows: min}", "")), "expected one of sum, max"));
  CHECK(has(fault_of(read(", vital: {name: wal, row: max}", "")), "did you mean 'rows'?"));
  CHECK(has(fault_of(read("", ", vital: wal")), "needs a counter, as wal is one"));
  CHECK(has(fault_of(read(", vital: lag", "")), "needs a gauge, as lag is one"));
  CHECK(has(fault_of(read(", vital: wal", "", "scope: database\nset: original\n")),
            "is of a server, expected none with scope: database"));
  CHECK(has(fault_of(read(", vital: wal, exporter: {family: pg_x, type: counter, scale: 2}", "")),
            "needs one scale"));
}

TEST(what makes several samples is no vital sign) {
  auto x = parse_catalogue({{"f", "name: q\nhelp: X.\nmetrics:\n  - {column: i, type: info, help: "
                                  "X., vital: lag}\nversions:\n  - sql: SELECT 1\n"}});
  CHECK(has(fault_of(x), "is for a counter or a gauge only"));
}

TEST(parts of one sign are put together in one way) {
  CHECK_EQUAL(fault_of(read("", ", vital: [{name: lag, where: {state: a}}, "
                                "{name: lag, where: {state: b}}]")),
              "");
  for (const auto* other : {"rows: max", "otherwise: 1"})
    CHECK(has(fault_of(read("", ", vital: [lag, {name: lag, " + std::string{other} + "}]")),
              "has other rows or otherwise than another part of lag has"));
}

TEST(a sign is one querys to say and both kinds have their own) {
  auto one = definition("q", ", vital: wal", "");
  auto files = [&](const std::string& second) {
    return fault_of(parse_catalogue({{"f", one}, {"g", second}}));
  };
  CHECK(has(files(definition("r", ", vital: wal", "")),
            "g:5:49: metrics[0].vital: vital sign wal is taken, f:5 has it already"));
  auto console = definition("r", ", vital: wal", "", "kind: pgbouncer\n");
  CHECK_EQUAL(files(console.substr(0, console.rfind("SELECT")) + "SHOW STATS\n"), "");
}

TEST(a metric that is shown under two names counts once) {
  auto x = read(", vital: wal, exporter: {family: pg_x, type: counter}", "");
  if (!x)
    CAF_FAIL(fault_of(x));
  for (auto whose : {vocabulary::original, vocabulary::exporter, vocabulary::both})
    CHECK_EQUAL(in_words_of(*x, whose)->vitals().size(), 1u);
}

TEST(the built in queries say every sign and are asked unless switched off) {
  std::set<vital_sign> of_servers;
  auto queries = built_in_catalogue();
  for (const auto& x : queries->vitals()) {
    const auto& query = queries->queries()[x.query];
    CHECK(query.set == "core" || query.set == "original");
    CHECK(query.every.count() == 0 || x.part.sign == vital_sign::max_connections);
    if (query.kind == backend_kind::postgres)
      of_servers.insert(x.part.sign);
  }
  CHECK_EQUAL(of_servers.size(), vital_sign_count);
}

TEST(the list of signs is in the order of the enum) {
  for (size_t i = 0; i < vital_sign_count; ++i)
    CHECK_EQUAL(index_of(all_vital_signs[i].sign), i);
}
