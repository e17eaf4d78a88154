// Leases in an etcd: what an order does there, and what its range says.
#define SUITE etcd_leases
#include "actors/cluster/etcd_leases.hpp"

#include "test/unit/actor_test.hpp"

#include "actors/cluster/member_text.hpp"
#include "actors/cluster/slots.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// An etcd that answers at once.
class fake_etcd final : public etcd_api {
public:
  void range(std::string prefix, etcd_done<etcd_range> done) override {
    ++ranges;
    if (away) {
      done(etcd_problem{etcd_failure::unreachable, "it is away"});
      return;
    }
    etcd_range result{.keys = {}, .revision = revision};
    for (const auto& [key, x] : keys)
      if (key.starts_with(prefix))
        result.keys.push_back(x);
    done(result);
  }

  void put(etcd_put x, etcd_done<etcd_written> done) override {
    auto& key = keys[x.key];
    key = {x.key, x.value, key.create_revision == 0 ? ++revision : key.create_revision, revision,
           x.lease};
    done(etcd_written{revision});
  }

  void create(std::vector<etcd_create> xs, etcd_done<std::vector<etcd_created>> done) override {
    ++creates;
    CHECK(xs.size() <= etcd_max_batch);
    std::vector<etcd_created> result;
    ++revision;
    for (const auto& x : xs) {
      auto [i, made] =
        keys.try_emplace(x.key, etcd_key{x.key, x.value, revision, revision, x.lease});
      result.push_back({made, i->second});
    }
    done(result);
  }

  void remove(std::vector<etcd_remove> xs, etcd_done<std::vector<etcd_removed>> done) override {
    std::vector<etcd_removed> result;
    for (const auto& x : xs) {
      auto i = keys.find(x.key);
      auto right = i != keys.end() && i->second.mod_revision == x.mod_revision;
      if (right)
        keys.erase(i);
      result.push_back({right});
    }
    done(result);
  }

  void grant(std::chrono::seconds ttl, etcd_done<etcd_lease> done) override {
    if (away)
      done(etcd_problem{etcd_failure::unreachable, "it is away"});
    else
      done(etcd_lease{++lease, ttl, {}});
  }

  void keepalive(int64_t id, etcd_done<etcd_lease> done) override {
    if (id == lost)
      done(etcd_problem{etcd_failure::lost, "it is lost"});
    else
      done(etcd_lease{id, 15s, {}});
  }

  void revoke(int64_t id, etcd_done<etcd_revoked> done) override {
    end(id);
    done(etcd_revoked{});
  }

  std::shared_ptr<void> watch(std::string, std::function<bool(std::string_view)>,
                              std::function<void()> x) override {
    hint = std::move(x);
    return std::make_shared<int>(0);
  }

  void end(int64_t id) {
    std::erase_if(keys, [&](const auto& x) { return x.second.lease == id; });
  }

  std::map<std::string, etcd_key> keys;
  int64_t revision = 10;
  int64_t lease = 0;
  int64_t lost = -1;
  int ranges = 0;
  int creates = 0;
  bool away = false;
  std::function<void()> hint;
};

struct fixture : test::actor_system {
  fixture() { aut = sys.spawn(etcd_leases, etcd_leases_arguments{etcd, "/p/f/", {}}); }

  ~fixture() { stop(aut); }

  engine_view_ptr ask(const engine_order& x) {
    auto answer = self->request(aut, caf::infinite, x);
    sched.run();
    engine_view_ptr result;
    answer.receive([&](const engine_answer& y) { result = y.view; },
                   [](const caf::error&) { /* null */ });
    return result;
  }

  engine_order order() { return {.self = {.id = "a", .life = "1"}, .ttl = 15s}; }

  std::shared_ptr<fake_etcd> etcd = std::make_shared<fake_etcd>();
  etcd_leases_actor aut;
};

} // namespace

FIXTURE_SCOPE(etcd_leases_tests, fixture)

TEST(a member has a key on a lease and slots on the same) {
  auto view = ask(order());
  REQUIRE(view != nullptr);
  CHECK(view->held);
  CHECK_EQUAL(view->members.size(), 1u);
  auto claim = order();
  for (uint16_t i = 0; i < 200; ++i)
    claim.claim.push_back(i);
  claim.layout = layout_version;
  view = ask(claim);
  CHECK(std::ranges::count(view->owners, 0) == 200);
  CHECK_EQUAL(view->layout, layout_version);
  CHECK_EQUAL(etcd->keys.at("/p/f/owners/0007").value, "a");
  CHECK_EQUAL(etcd->keys.at("/p/f/owners/0007").lease, etcd->keys.at("/p/f/members/a").lease);
  auto release = order();
  release.release = {{7, view->fences[7]}, {8, 1}};
  view = ask(release);
  CHECK_EQUAL(view->owners[7], -1);
  CHECK_EQUAL(view->owners[8], 0); // with another fence it is another having of it
}

TEST(what nobody calls old is not read again) {
  ask(order());
  ask(order());
  auto before = etcd->ranges;
  auto quiet = order();
  quiet.prolong = false;
  auto view = ask(quiet);
  CHECK(view == ask(quiet));
  CHECK_EQUAL(etcd->ranges, before);
  etcd->hint();
  sched.run();
  ask(quiet);
  CHECK_EQUAL(etcd->ranges, before + 1);
  advance_time(30s);
  ask(quiet);
  CHECK_EQUAL(etcd->ranges, before + 2);
}

TEST(a lost lease is granted anew and nothing is held with the old one) {
  auto claim = order();
  claim.claim = {1};
  ask(order());
  auto view = ask(claim);
  CHECK_EQUAL(view->owners[1], 0);
  etcd->lost = etcd->lease;
  etcd->end(etcd->lease);
  view = ask(order());
  CHECK(view->held);
  CHECK_EQUAL(view->owners[1], -1);
  CHECK_EQUAL(etcd->keys.at("/p/f/members/a").lease, 2);
}

TEST(a key on a lease that is not its members is nobodys) {
  ask(order());
  etcd->keys["/p/f/owners/0003"] = {"/p/f/owners/0003", "a", 5, 5, 77};
  etcd->hint();
  sched.run();
  auto view = ask(order());
  CHECK_EQUAL(view->owners[3], -1);
}

TEST(another daemon of our name keeps it) {
  member_record other{.id = "a", .life = "2"};
  etcd->keys["/p/f/members/a"] = {"/p/f/members/a", to_text(other), 5, 5, 77};
  auto claim = order();
  claim.claim = {1};
  auto view = ask(claim);
  CHECK(view->taken);
  CHECK(!view->held);
  CHECK_EQUAL(view->owners[1], -1);
  // It is gone.
  etcd->end(77);
  view = ask(order());
  CHECK(view->held);
  CHECK(!view->taken);
}

TEST(who was there at the first look has settled and who comes later has not ) {
  etcd->keys["/p/f/members/b"] = {"/p/f/members/b", to_text({.id = "b"}), 5, 5, 77};
  auto view = ask(order());
  CHECK(view->members.at(1).age >= 1h);
  CHECK(view->members.at(0).age == 0s);
  etcd->keys["/p/f/members/c"] = {"/p/f/members/c", to_text({.id = "c"}), 5, 5, 78};
  etcd->hint();
  sched.run();
  view = ask(order());
  CHECK(view->members.at(2).age == 0s);
  advance_time(7s);
  etcd->hint();
  sched.run();
  view = ask(order());
  CHECK(view->members.at(2).age == 7s);
}

TEST(who leaves ends its lease) {
  ask(order());
  auto leave = order();
  leave.prolong = false;
  leave.leave = true;
  auto view = ask(leave);
  CHECK(view->members.empty());
  CHECK(etcd->keys.empty());
}

TEST(an etcd that is away is an error) {
  etcd->away = true;
  CHECK(ask(order()) == nullptr);
  etcd->away = false;
  CHECK(ask(order()) != nullptr);
}

FIXTURE_SCOPE_END()
