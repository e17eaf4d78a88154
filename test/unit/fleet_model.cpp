// All clusters, and roles.
#define SUITE fleet_model

#include "actors/fleet/fleet_model.hpp"

#include "test/unit/fleet_fixture.hpp"
#include "test/unit/test.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture : test::fleet_fixture {
  const fleet_view& look() {
    pass(10s);
    changed = model.look(seen(), unix_now);
    return *model.view();
  }

  fleet_model model;
  bool changed = false;
};

} // namespace

FIXTURE_SCOPE(fleet_model_tests, fixture)

TEST(servers are one cluster when their system identifiers are equal) {
  add("a");
  add("b", true);
  add("c", false, "8");
  auto& nameless = add("d", false, "");
  nameless.identity.system = "";
  const auto& x = look();
  REQUIRE(x.clusters.size() == 2u);
  CHECK_EQUAL(x.clusters[0]->system, "7");
  CHECK_EQUAL(x.clusters[0]->members.size(), 2u);
  CHECK_EQUAL(x.clusters[1]->members.size(), 1u);
}

TEST(a backend is found by any of the names of its server) {
  auto& a = add("a");
  auto& again = add("a2");
  again.identity = a.identity;
  look();
  auto found = model.view()->find("a2");
  REQUIRE(found.member != nullptr);
  CHECK_EQUAL(found.member->name, "a");
  CHECK_EQUAL(found.cluster->system, "7");
  CHECK(model.view()->find("x").member == nullptr);
  CHECK_EQUAL(model.view()->same_as.at(2), "a");
}

TEST(changes of roles are counted) {
  add("a");
  auto& b = add("b", true);
  look();
  CHECK_EQUAL(model.view()->roles.at(2).changes, 0u);
  b.says.standby = false;
  look();
  CHECK_EQUAL(model.view()->roles.at(2).changes, 1u);
  CHECK_EQUAL(model.view()->roles.at(2).last_change, unix_now);
  CHECK_EQUAL(model.view()->roles.at(1).changes, 0u);
  b.up = false;
  look();
  CHECK_EQUAL(model.view()->roles.at(2).changes, 1u);
  b.up = true;
  b.says.standby = true;
  look();
  CHECK_EQUAL(model.view()->roles.at(2).changes, 2u);
}

TEST(a quiet fleet is not looked at again) {
  auto& a = add("a");
  look();
  CHECK(changed);
  a.asked = false;
  auto before = model.view();
  look();
  CHECK(!changed);
  CHECK(model.view() == before);
  a.up = false;
  look();
  CHECK(changed);
}

TEST(what is gone is forgotten) {
  add("a");
  add("b", false, "8");
  look();
  servers.pop_back();
  look();
  CHECK(changed);
  CHECK_EQUAL(model.view()->clusters.size(), 1u);
  CHECK_EQUAL(model.view()->roles.size(), 1u);
  servers.pop_back();
  look();
  CHECK(model.view()->clusters.empty());
}

FIXTURE_SCOPE_END()
