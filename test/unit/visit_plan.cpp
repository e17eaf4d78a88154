// Which database is visited next, who keeps a session, and that there are never too many.
#define SUITE visit_plan

#include "actors/backend/visit_plan.hpp"

#include "test/unit/test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture {
  database_list list;
  database_rules rules{.on = true, .keep = 4};
  visit_plan::time_point now{1h};
  std::optional<visit_plan> aut;

  fixture() { list.server_room = 100; }

  visit_plan& plan() {
    if (!aut)
      aut.emplace(rules, "own");
    return *aut;
  }

  void have(const std::string& name, uint64_t sessions = 0, uint64_t transactions = 0) {
    list.databases.push_back({name, "1", sessions, transactions});
  }

  visit_plan::change learn() { return plan().learn(list, now); }

  std::string next() { return plan().next(now).value_or("nobody"); }

  std::string visit(visit_outcome how = visit_outcome::good) {
    auto result = next();
    if (result != "nobody")
      plan().ended(result, how, now);
    return result;
  }

  /// Everyone who is due, in order.
  std::string visit_all(visit_outcome how = visit_outcome::good) {
    std::string result;
    for (auto name = visit(how); name != "nobody"; name = visit(how))
      result += name;
    return result;
  }
};

using list_of_names = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(visit_plan_tests, fixture)

TEST(each database is visited once an interval and one after the other) {
  for (const auto* name : {"a", "b", "c"})
    have(name);
  CHECK(learn().come == (list_of_names{"a", "b", "c"}));
  CHECK_EQUAL(next(), "a");
  CHECK_EQUAL(next(), "nobody");
  CHECK(!plan().due());
  plan().ended("a", visit_outcome::good, now);
  CHECK_EQUAL(visit_all(), "bc");
  CHECK(plan().due() == now + 30s);
  now += 30s;
  CHECK_EQUAL(visit_all(), "abc");
}

TEST(the own database and those that the rules leave out are not visited) {
  rules.include = {"app_.*", "own"};
  rules.exclude = {"app_old"};
  for (const auto* name : {"app_1", "app_old", "my_app_1", "own", "rdsadmin"})
    have(name);
  learn();
  CHECK_EQUAL(visit_all(), "app_1");
  CHECK_EQUAL(plan().excluded(), 3u);
}

TEST(of too many databases the busiest are watched and then stay) {
  rules.max = 2;
  have("a", 0, 1);
  have("b", 0, 3);
  have("c", 0, 2);
  CHECK(learn().come == (list_of_names{"b", "c"}));
  CHECK_EQUAL(plan().beyond_max(), 1u);
  list.databases[0].transactions = 100;
  auto change = learn();
  CHECK(change.come.empty() && change.gone.empty());
  list.databases.pop_back();
  change = learn();
  CHECK(change.come == list_of_names{"a"});
  CHECK(change.gone == list_of_names{"c"});
}

TEST(a database of the same name that is another one is both gone and new) {
  have("a");
  learn();
  list.databases[0].oid = std::string{"2"};
  auto change = learn();
  CHECK(change.come == list_of_names{"a"});
  CHECK(change.gone == list_of_names{"a"});
}

TEST(the busiest keep their session as long as others are connected) {
  rules.keep = 2;
  have("a", 1, 5);
  have("b", 0, 9);
  have("c", 1, 7);
  have("d", 1, 6);
  learn();
  CHECK_EQUAL(visit_all(), "abcd");
  CHECK(!plan().kept("a") && !plan().kept("b") && plan().kept("c") && plan().kept("d"));
  CHECK_EQUAL(plan().sessions(), 2u);
  CHECK(plan().surplus().empty());
  // Our own session is now among them, and in d it is the only one.
  list.databases[2].sessions = 2;
  learn();
  CHECK(plan().surplus() == list_of_names{"d"});
  CHECK_EQUAL(plan().sessions(), 1u);
}

TEST(a role with two sessions has one visit at a time and keeps none) {
  list.role_room = 1;
  rules.at_once = 3;
  for (const auto* name : {"a", "b"})
    have(name, 5);
  learn();
  CHECK_EQUAL(next(), "a");
  CHECK_EQUAL(next(), "nobody");
  plan().ended("a", visit_outcome::good, now);
  CHECK(!plan().kept("a"));
}

TEST(a session that is not gone yet has its place) {
  list.role_room = 1;
  for (const auto* name : {"a", "b"})
    have(name);
  learn();
  CHECK_EQUAL(next(), "a");
  plan().ended("a", visit_outcome::good, now);
  plan().leaving();
  CHECK_EQUAL(next(), "nobody");
  CHECK(!plan().due());
  plan().left();
  CHECK_EQUAL(next(), "b");
}

TEST(the last sessions of a server are left to others) {
  have("a");
  list.server_room = 3;
  learn();
  CHECK_EQUAL(next(), "nobody");
  CHECK(!plan().due());
  list.server_room = 4;
  learn();
  CHECK_EQUAL(next(), "a");
}

TEST(when no session is to be had all visits rest) {
  for (const auto* name : {"a", "b"})
    have(name);
  learn();
  CHECK_EQUAL(visit_all(visit_outcome::no_room), "a");
  now += 60s;
  CHECK_EQUAL(next(), "nobody");
  learn(); // there is room again
  CHECK_EQUAL(visit_all(), "ba");
}

TEST(a database that fails is visited ever more rarely) {
  have("a");
  learn();
  for (auto wait : {60s, 120s, 240s, 240s}) {
    CHECK_EQUAL(visit(visit_outcome::failed), "a");
    CHECK(plan().due() == now + wait);
    now += wait;
  }
}

TEST(what was brought long ago is stale) {
  have("a");
  learn();
  CHECK(!plan().stale("a", now + 1h));
  visit();
  CHECK(!plan().stale("a", now + 600s)); // it waits for its turn
  CHECK(plan().stale("a", now + 601s));
  now += 30s;
  visit(visit_outcome::failed);
  CHECK(!plan().stale("a", now + 60s));
  now += 60s;
  visit(visit_outcome::failed);
  CHECK(!plan().stale("a", now)); // 90 s
  CHECK(plan().stale("a", now + 1s));
}

TEST(a database that waits for its turn is not stale while others have theirs) {
  for (int i = 0; i < 100; ++i)
    list.databases.push_back({fmt::format("d{:02}", i), "1", 0, 0});
  rules.max = 100;
  learn();
  // The first round takes an hour: nothing is known of how long one takes.
  for (int i = 0; i < 100; ++i, now += 36s)
    visit();
  CHECK(!plan().stale("d00", now));
  plan().ended("d50", visit_outcome::no_room, now + 600s);
  CHECK(!plan().stale("d00", now + 564s));
  CHECK(plan().stale("d00", now + 565s));
}

TEST(whatever happens there are never more sessions than allowed) {
  std::mt19937 random{7}; // NOLINT: the same every time
  auto any = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  rules = {.on = true, .max = 30, .at_once = 2, .keep = 3};
  list_of_names visits;
  for (int i = 0; i < 20'000; ++i) {
    if (any(20) == 0) {
      list = {};
      list.server_room = any(12);
      if (any(2) == 0)
        list.role_room = static_cast<int64_t>(any(8)) - 2;
      for (uint32_t j = 0; j < 40; ++j)
        if (any(3) > 0)
          list.databases.push_back(
            {fmt::format("d{}", j), std::to_string(any(20) / 19), any(4), any(1000)});
      for (const auto& gone : learn().gone)
        std::erase(visits, gone);
      plan().surplus();
    }
    if (auto name = plan().next(now))
      visits.push_back(*name);
    if (!visits.empty() && any(2) == 0) {
      auto ended = visits.begin() + any(static_cast<uint32_t>(visits.size()));
      plan().ended(*ended, static_cast<visit_outcome>(any(4)), now);
      visits.erase(ended);
    }
    now += std::chrono::seconds{any(3)};
    if (plan().sessions() > 5 || visits.size() > 2)
      CAF_FAIL("too many sessions");
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
