// What changed in the fleet.
#define SUITE fleet_journal
#include "actors/registry/fleet_journal.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace pgstatsmon::test;

namespace {

struct fixture : page_fixture {
  entry_ptr add_up(const std::string& name) {
    auto x = add(name);
    x->metrics->set_up(true, 1);
    x->metrics->last_success = 1;
    return x;
  }

  fleet_news look(double now = 100, bool started = true) {
    return journal.look(backends, started, now);
  }

  std::vector<std::string> names(const fleet_news& news) const {
    std::vector<std::string> result;
    for (const auto& x : news.changed)
      result.push_back(x->value.name);
    return result;
  }

  fleet_journal journal;
};

using texts = std::vector<std::string>;

} // namespace

FIXTURE_SCOPE(fleet_journal_tests, fixture)

TEST(the first list is no news and nothing is while all stays) {
  add_up("a");
  CHECK_EQUAL(names(look(1, false)), texts{"a"});
  CHECK(look(2).empty());
  CHECK(journal.changes(2).empty());
}

TEST(what fails and what works again is told with its time) {
  auto x = add_up("a");
  add_up("b");
  look(1, false);
  x->metrics->set_up(false, 5);
  x->metrics->last_failure = failure::refused;
  CHECK_EQUAL(names(look(5)), texts{"a"});
  x->metrics->set_up(true, 9);
  x->metrics->last_failure = failure::none;
  look(9);
  auto changes = journal.changes(10);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0] == (fleet_change{9, "a", "condition", "refused", "up"}));
  CHECK(changes[1] == (fleet_change{5, "a", "condition", "up", "refused"}));
}

TEST(who comes up for the first time has not changed and who fails has) {
  auto x = add("a");
  auto y = add("b");
  look(1, false);
  x->metrics->set_up(true, 2);
  y->metrics->last_failure = failure::auth;
  look(2);
  auto changes = journal.changes(2);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] == (fleet_change{2, "b", "condition", "new", "auth"}));
}

TEST(who failed before the first look has changed too) {
  add("a")->metrics->last_failure = failure::tls;
  look(1, false);
  auto changes = journal.changes(1);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0] == (fleet_change{1, "a", "condition", "new", "tls"}));
}

TEST(a role and a version change once they are known) {
  auto x = add_up("a");
  look(1, false);
  x->metrics->role = server_role::standby;
  x->metrics->server_version = 150004;
  look(2);
  CHECK(journal.changes(2).empty());
  x->metrics->role = server_role::primary;
  x->metrics->server_version = 160001;
  look(3);
  auto changes = journal.changes(3);
  REQUIRE(changes.size() == 2);
  CHECK(changes[1] == (fleet_change{3, "a", "role", "standby", "primary"}));
  CHECK(changes[0] == (fleet_change{3, "a", "version", "15.4", "16.1"}));
}

TEST(pauses and comings and goings are changes) {
  auto x = add_up("a");
  look(1, false);
  look(2);
  x->metrics->paused = true;
  add_up("b");
  look(3);
  backends.erase(backends.begin());
  auto news = look(4);
  CHECK_EQUAL(news.gone, texts{"a"});
  auto changes = journal.changes(4);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0] == (fleet_change{4, "a", "backend", "", "removed"}));
  CHECK(changes[1] == (fleet_change{3, "b", "backend", "", "added"}));
  CHECK(changes[2] == (fleet_change{3, "a", "pause", "", "paused"}));
}

TEST(a new life of the same name is neither gone nor added) {
  add_up("a");
  look(1);
  auto old = backends.front();
  backends.clear();
  add_up("other");
  add_up("a");
  backends.erase(backends.begin());
  REQUIRE(backends.front()->life != old->life);
  auto news = look(2);
  CHECK(news.gone.empty());
  CHECK(news.changes.empty());
  CHECK_EQUAL(names(news), texts{"a"});
}

TEST(an hour is kept and no more than a thousand changes) {
  auto x = add_up("a");
  look(0, false);
  auto flip = [&](double now) {
    x->metrics->paused = !x->metrics->paused.load();
    look(now);
  };
  flip(10);
  CHECK_EQUAL(journal.changes(3610).size(), 1u);
  CHECK_EQUAL(journal.changes(3611).size(), 0u);
  for (size_t i = 0; i < 2 * fleet_journal::max_changes; ++i)
    flip(3000);
  CHECK_EQUAL(journal.changes(3000).size(), fleet_journal::max_changes);
}

FIXTURE_SCOPE_END()

TEST(since says when it became what it is) {
  backend_metrics x{std::make_shared<const catalogue>(std::vector<query_definition>{})};
  CHECK_EQUAL(x.since.load(), 0.0);
  x.set_up(false, 5);
  CHECK_EQUAL(x.since.load(), 5.0);
  x.set_up(false, 6);
  CHECK_EQUAL(x.since.load(), 5.0);
  x.set_up(true, 7);
  x.set_up(true, 8);
  CHECK_EQUAL(x.since.load(), 7.0);
}
