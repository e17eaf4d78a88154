// Which backends a list shows, and in which order.
#define SUITE selection

#include "actors/console/selection.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/page_fixture.hpp"

#include "messages/error.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

struct fixture : test::page_fixture {
  entry_ptr add_labelled(const std::string& name, label_list labels, server_role role) {
    auto x = add(name, std::move(labels));
    x->metrics->role = role;
    return x;
  }

  fixture() {
    add_labelled("orders-10", {{"cluster", "orders"}}, server_role::standby);
    add_labelled("billing-1", {{"cluster", "billing"}, {"tier", "gold"}}, server_role::primary);
    add_labelled("orders-2", {{"cluster", "orders"}}, server_role::primary);
    backends[0]->metrics->series = 30;
    backends[2]->metrics->series = 200;
    backends[1]->metrics->last_success = now.unix_seconds - 7;
  }

  names shown(const backend_selection& by) {
    auto found = selected(backends, by, fleet, now);
    if (!found)
      CAF_FAIL(sentence_of(found.error()));
    names result;
    for (const auto& x : *found)
      result.push_back(x->value.name);
    return result;
  }

  std::string fault(const backend_selection& by) {
    auto found = selected(backends, by, fleet, now);
    return found ? "none" : sentence_of(found.error());
  }

  look_time now{std::chrono::steady_clock::time_point{1000s}, 1'700'000'000};
  fleet_view fleet;
};

} // namespace

FIXTURE_SCOPE(selection_tests, fixture)

TEST(backends stand by name and numbers in it count as numbers) {
  CHECK_EQUAL(shown({}), (names{"orders-10", "billing-1", "orders-2"}));
  CHECK_EQUAL(shown({{}, "backend"}), (names{"billing-1", "orders-2", "orders-10"}));
  CHECK_EQUAL(shown({{}, "-backend"}), (names{"orders-10", "orders-2", "billing-1"}));
  CHECK(name_before("a2", "a10"));
  CHECK(!name_before("a10", "a2"));
  CHECK(name_before("a", "a1"));
  CHECK(name_before("a01", "a1") != name_before("a1", "a01"));
  CHECK(!name_before("x", "x"));
  CHECK(name_before("a1b2", "a1b10"));
}

TEST(a label or a fact chooses) {
  CHECK_EQUAL(shown({{"cluster=orders"}}), (names{"orders-10", "orders-2"}));
  CHECK_EQUAL(shown({{"cluster=orders", "role=standby"}}), (names{"orders-10"}));
  CHECK_EQUAL(shown({{"cluster!=orders"}}), (names{"billing-1"}));
  CHECK_EQUAL(shown({{"tier!=gold"}}), (names{"orders-10", "orders-2"}));
  CHECK_EQUAL(shown({{"tier=none"}}), (names{"orders-10", "orders-2"}));
  CHECK_EQUAL(shown({{"backend=*-1*"}}), (names{"orders-10", "billing-1"}));
  CHECK_EQUAL(shown({{"up=yes"}}), names{});
  CHECK_EQUAL(shown({{"port=5432"}}).size(), 3u);
}

TEST(a column sorts and what is not known stands last) {
  CHECK_EQUAL(shown({{}, "series"}), (names{"orders-2", "orders-10", "billing-1"}));
  CHECK_EQUAL(shown({{}, "-series"}), (names{"billing-1", "orders-10", "orders-2"}));
  CHECK(shown({{}, "age"}).front() == "billing-1");
  CHECK(shown({{}, "-age_seconds"}).front() == "billing-1");
  CHECK_EQUAL(shown({{}, "role"}), (names{"billing-1", "orders-2", "orders-10"}));
  CHECK_EQUAL(shown({{}, "-cluster"}), (names{"orders-2", "orders-10", "billing-1"}));
  CHECK(shown({{}, "tier"}).front() == "billing-1");
  CHECK_EQUAL(shown({{"cluster=orders"}, "lag"}), (names{"orders-2", "orders-10"}));
}

TEST(what nothing is called is said with what is near) {
  CHECK_EQUAL(fault({{"clustr=orders"}}),
              "filter by 'clustr', which is no label and no column; did you mean 'cluster'?");
  CHECK_EQUAL(fault({{}, "seres"}),
              "sort by 'seres', which is no label and no column; did you mean 'series'?");
  for (const auto* x : {"orders", "=orders", "!=orders"})
    CHECK_EQUAL(fault({{x}}),
                "'" + std::string{x} + "' is no filter, expected NAME=VALUE or NAME!=VALUE");
}

TEST(a star stands for any text) {
  CHECK(matches_pattern("abc", "abc"));
  CHECK(!matches_pattern("abc", "ab"));
  CHECK(matches_pattern("abc", "*"));
  CHECK(matches_pattern("abc", "a*c"));
  CHECK(matches_pattern("ac", "a*c"));
  CHECK(!matches_pattern("a", "a*a"));
  CHECK(matches_pattern("a-b-c", "*-*-c"));
  CHECK(!matches_pattern("a-b-c", "*-c-*"));
  CHECK(matches_pattern("", "*"));
  CHECK(!matches_pattern("", "?"));
}

TEST(words for who completes a line) {
  auto filters = filter_words(backends);
  for (const auto* x : {"cluster=orders", "tier=gold", "role=standby", "up=no"})
    CHECK(std::ranges::find(filters, x) != filters.end());
  auto columns = sort_words();
  for (const auto* x : {"age", "series", "lag", "tx/s", "sessions_waiting", "address"})
    CHECK(std::ranges::find(columns, x) != columns.end());
}

FIXTURE_SCOPE_END()
