// What a poll asks: plan, intervals and what was too large, together.
#define SUITE agenda

#include "actors/backend/agenda.hpp"

#include "test/unit/rows.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

constexpr caf::timespan tick = 10s;
const agenda::time_point begin{100h};

query_definition query(std::string name, std::string set = "core") {
  query_definition result;
  result.name = std::move(name);
  result.set = std::move(set);
  result.variants = {{.sql = "SELECT 1"}};
  return result;
}

catalogue_ptr queries() {
  auto each = query("each");
  auto sizes = query("sizes");
  sizes.every = 5min;
  auto statements = query("statements");
  statements.needs = {*parse_need("extension pg_stat_statements >= 1.8")};
  auto bloat = query("bloat", "full");
  auto standby = query("standby");
  standby.variants.front().role = server_role::standby;
  auto young = query("young");
  young.variants.front().from = 160000;
  return std::make_shared<const catalogue>(
    std::vector{each, sizes, statements, bloat, standby, young});
}

std::vector<std::string> why(const agenda& x) {
  std::vector<std::string> result;
  auto plan = x.explain(begin);
  for (const auto& y : *plan)
    result.push_back(y.why);
  return result;
}

struct fixture {
  agenda aut{queries(), "a", {}};
  fixture() {
    aut.learn(150000, server_role::primary, true);
    aut.start(begin, tick);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(agenda_tests, fixture)

TEST(samples are within the budget) {
  auto waits = query("waits");
  waits.metrics.emplace_back().integral = true;
  auto both = std::make_shared<const catalogue>(std::vector{query("each"), waits});
  collect_rules rules;
  rules.sample = 1s;
  agenda x{both, "a", rules};
  x.learn(150000, server_role::primary, true);
  x.start(begin, tick);
  CHECK(!x.sample(begin)[0].has_value());
  CHECK(x.sample(begin)[1].has_value());
  x.answered(1, begin, true);
  x.took(1, 1ms, begin);
  x.adjust(begin, tick);
  CHECK_EQUAL(x.budget().stretch(1), 1u);
  CHECK(x.sample(begin + 1s)[1].has_value());
  // Of each second it may take 10 ms.
  for (int i = 1; i <= 3; ++i)
    x.took(1, 30ms, begin + i * 1s);
  x.adjust(begin + 4s, tick);
  CHECK(x.budget().stretch(1) >= 4u);
  x.answered(1, begin + 4s, true);
  CHECK(!x.sample(begin + 5s)[1].has_value());
  CHECK(x.sample(begin + 20s)[1].has_value());
}

TEST(a query follows the stricter of two budgets) {
  auto all = std::make_shared<const catalogue>(std::vector{query("ours"), query("theirs")});
  collect_rules rules;
  rules.own_share = 0.001;
  agenda x{all, "a", rules};
  x.learn(150000, server_role::primary, true);
  x.start(begin, tick);
  // Of each interval of 10 s the server may spend 100 ms, and we 10 ms.
  x.took(0, 1ms, begin);
  x.took_of_us(0, 13ms, begin);
  x.took(1, 150ms, begin);
  x.took_of_us(1, 1ms, begin);
  CHECK(x.adjust(begin, tick));
  CHECK_EQUAL(x.stretch(0), 2u);
  CHECK_EQUAL(x.stretch(1), 2u);
  CHECK_EQUAL(x.stretched(), 2u);
  CHECK(x.own_budget().used(begin) > 0);
  x.answered(0, begin, true);
  x.answered(1, begin, true);
  CHECK(!x.due(begin + tick, tick)[0]);
  CHECK(x.due(begin + 2 * tick, tick)[0]);
  // Nearly all that five minutes may cost us is spent at once.
  x.took_of_us(0, 283ms, begin + 2 * tick);
  auto due = x.due(begin + 4 * tick, tick);
  CHECK(!due[0]);
  CHECK(due[1]);
}

TEST(every query that is left out has its reason) {
  CHECK(why(aut)
        == (std::vector<std::string>{"", "", "needs extension pg_stat_statements >= 1.8",
                                     "switched off (set full)", "for a standby only",
                                     "not for PostgreSQL 15.0"}));
  CHECK_EQUAL(aut.planned(begin), 2u);
}

TEST(a query that needs setups functions is of the backends own database) {
  auto local = query("local");
  local.scope = query_scope::database;
  auto lent = local;
  lent.name = "lent";
  lent.needs = {*parse_need("functions")};
  auto shared = lent;
  shared.name = "shared";
  shared.scope = query_scope::server;
  agenda own{std::make_shared<const catalogue>(std::vector{local, lent, shared}), "a", {}};
  own.learn(90600, server_role::primary, true);
  auto elsewhere = [&](bool visits) {
    std::vector<std::string> result;
    auto plan = own.explain(begin, visits);
    for (const auto& x : *plan)
      result.push_back(x.elsewhere);
    return result;
  };
  CHECK(elsewhere(true) == (std::vector<std::string>{"", "needs functions", ""}));
  CHECK(elsewhere(false) == (std::vector<std::string>{"", "", ""}));
  own.learn(90600, server_role::primary, false);
  CHECK(elsewhere(true) == (std::vector<std::string>{"", "", ""}));
}

TEST(what is learned makes another plan) {
  found_facts found{
    *test::make_rows({"k", "n", "v"}, {{"extension", "pg_stat_statements", "1.10"}})};
  CHECK(aut.learn(found));
  CHECK(!aut.learn(found));
  CHECK(why(aut)[2].empty());
  CHECK(aut.learn(160000, server_role::standby, true));
  CHECK_EQUAL(aut.planned(begin), 5u);
}

TEST(a poll asks what is due) {
  auto first = aut.due(begin + 10 * tick, tick);
  CHECK(first[0]);
  CHECK(first[1]);
  CHECK(!first[2]);
  aut.answered(0, begin + 10 * tick, true);
  aut.answered(1, begin + 10 * tick, true);
  auto second = aut.due(begin + 11 * tick, tick);
  CHECK(second[0]);
  CHECK(!second[1]);
  CHECK((aut.kept(begin + 11 * tick, tick)
         == std::vector<bool>{false, true, false, false, false, false}));
}

TEST(rows of what does not apply any more are not kept) {
  aut.answered(1, begin, true);
  CHECK(aut.kept(begin, tick)[1]);
  aut.leave_out(1, begin);
  CHECK(!aut.kept(begin, tick)[1]);
  CHECK(why(aut)[1] == "its result was too large");
  CHECK_EQUAL(aut.planned(begin), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
