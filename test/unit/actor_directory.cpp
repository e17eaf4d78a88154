// What is counted about actors, and who is listed.
#define SUITE actor_directory

#include "test/unit/actor_test.hpp"

#include "actors/observed.hpp"

#include <stdexcept>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using working_actor =
  caf::typed_actor<caf::reacts_to<backend_removed>, caf::reacts_to<caf::tick_atom>,
                   caf::reacts_to<int32_t>, caf::replies_to<caf::get_atom>::with<uint64_t>>;

struct working_state {
  static constexpr const char* name = "working";
  explicit working_state(working_actor::pointer) {}
  working_actor child;
};

working_actor::behavior_type working(observed_ptr<working_actor, working_state> self,
                                     std::string of, std::function<void()> work) {
  self->is_for(std::move(of));
  return {
    [work](const backend_removed&) { work(); },
    [](caf::tick_atom) {},
    [](int32_t) { throw std::runtime_error{"a bug"}; },
    [self](caf::get_atom) -> uint64_t {
      self->state.child = self->spawn(working, "child", [] {});
      return self->state.child.id();
    },
  };
}

struct fixture : test::actor_system {
  ~fixture() override {
    for (const auto& x : spawned)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    sched.run();
  }

  working_actor start(
    const std::string& of, std::function<void()> work = [] {}) {
    spawned.push_back(sys.spawn(working, of, std::move(work)));
    sched.run();
    return spawned.back();
  }

  std::vector<listed_actor> list() { return cfg.actors->list(); }

  uint64_t newest_restarts() { return list().back().restarts; }

  std::vector<working_actor> spawned;
};

using names = std::vector<std::string>;

names names_of(const actor_record& x) {
  names result;
  for (const auto& y : x.messages())
    result.push_back(y.what.name());
  return result;
}

} // namespace

FIXTURE_SCOPE(actor_directory_tests, fixture)

TEST(an actor is listed from its beginning to its end) {
  CHECK(list().empty());
  auto a = start("db1");
  REQUIRE(list().size() == 1);
  auto x = list().front();
  CHECK_EQUAL(x.kind, "working");
  CHECK_EQUAL(x.of, "db1");
  CHECK_EQUAL(x.record->id(), a.id());
  CHECK_EQUAL(x.record->parent(), 0u);
  self->send_exit(a, caf::exit_reason::user_shutdown);
  sched.run();
  CHECK(list().empty());
}

TEST(the depth of the mailbox and its largest are counted) {
  auto a = start("db1");
  auto x = list().front().record;
  for (int i = 0; i < 3; ++i)
    self->send(a, caf::tick_atom_v);
  CHECK_EQUAL(x->depth(), 3u);
  sched.run();
  CHECK_EQUAL(x->depth(), 0u);
  CHECK_EQUAL(x->max_depth(), 3u);
  CHECK_EQUAL(x->handled(), 3u);
}

TEST(time in handlers is counted by the actors clock) {
  auto a = start("db1", [this] { sched.clock().current_time += 40ms; });
  auto x = list().front().record;
  self->send(a, backend_removed{"db1"});
  self->send(a, caf::tick_atom_v);
  sched.run();
  CHECK_EQUAL(x->busy(), caf::timespan{40ms});
  CHECK_EQUAL(x->longest(), caf::timespan{40ms});
  CHECK(x->messages()[0].took == 40ms);
  CHECK(x->messages()[1].took == 0ms);
}

TEST(what runs now is seen with its beginning) {
  std::shared_ptr<const actor_record> x;
  bool looked = false;
  auto a = start("db1", [&] {
    auto now = x->now();
    looked = now && now->what.name() == "backend_removed" && now->since == sched.clock().now();
  });
  x = list().front().record;
  CHECK(!x->now());
  self->send(a, backend_removed{"db1"});
  sched.run();
  CHECK(looked);
  CHECK(!x->now());
}

TEST(the newest twenty messages are kept by kind) {
  auto a = start("db1");
  auto x = list().front().record;
  self->send(a, backend_removed{"db1"});
  self->send(a, caf::tick_atom_v);
  sched.run();
  CHECK_EQUAL(names_of(*x), (names{"backend_removed", "tick"}));
  for (int i = 0; i < 100; ++i)
    self->send(a, caf::tick_atom_v);
  self->send(a, backend_removed{"db1"});
  sched.run();
  auto newest = names_of(*x);
  REQUIRE(newest.size() == actor_record::shown_messages);
  CHECK_EQUAL(newest.back(), "backend_removed");
  CHECK_EQUAL(newest.front(), "tick");
}

TEST(a child names its parent) {
  auto a = start("db1");
  self->send(a, caf::get_atom_v);
  sched.run();
  REQUIRE(list().size() == 2);
  auto child = list().back();
  CHECK_EQUAL(child.of, "child");
  CHECK_EQUAL(child.record->parent(), a.id());
}

TEST(the successor of one that died is a restart) {
  auto a = start("db1");
  self->send(a, int32_t{1});
  sched.run();
  CHECK(list().empty());
  start("db2");
  CHECK_EQUAL(newest_restarts(), 0u);
  start("db1");
  CHECK_EQUAL(newest_restarts(), 1u);
  self->send(spawned.back(), int32_t{1});
  sched.run();
  start("db1");
  CHECK_EQUAL(newest_restarts(), 2u);
}

TEST(the successor of one that was ended is none) {
  auto a = start("db1");
  self->send_exit(a, caf::exit_reason::user_shutdown);
  sched.run();
  start("db1");
  CHECK_EQUAL(newest_restarts(), 0u);
}

TEST(who dies and never comes back is forgotten in the end) {
  actor_directory directory;
  for (uint64_t i = 1; i <= 5000; ++i) {
    directory.add(std::make_shared<actor_record>(i, 0, actor_record::time_point{}), "query");
    directory.describe(i, std::to_string(i));
    directory.remove(i, true);
  }
  directory.add(std::make_shared<actor_record>(6000, 0, actor_record::time_point{}), "query");
  directory.describe(6000, "1");
  auto listed = directory.list();
  CHECK_EQUAL(listed.front().restarts, 0u);
}

TEST(of those that died the oldest is forgotten first) {
  actor_directory directory;
  auto live = [&](uint64_t id, const std::string& of) {
    directory.add(std::make_shared<actor_record>(id, 0, actor_record::time_point{}), "query");
    directory.describe(id, of);
    return directory.list().back().restarts;
  };
  for (uint64_t i = 1; i <= 1001; ++i)
    live(i, std::to_string(i));
  for (uint64_t i = 1; i <= 1001; ++i)
    directory.remove(i, true);
  CHECK_EQUAL(live(2001, "1"), 0u);
  CHECK_EQUAL(live(2002, "2"), 1u);
  CHECK_EQUAL(live(2003, "1001"), 1u);
  CHECK_EQUAL(live(2004, "1001"), 0u);
}

FIXTURE_SCOPE_END()
