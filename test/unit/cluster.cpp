// CLUSTER tells the SCHEDULER of what is ours, and lets go of nothing whose polls have not ended.
#define SUITE cluster
#include "actors/cluster/cluster.hpp"

#include "test/unit/actor_test.hpp"
#include "test/unit/captured_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include <unistd.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// What the SCHEDULER was told, in order: `+id`, `-id`, `~id` and `open`.
using news = std::vector<std::string>;

scheduler_actor::behavior_type scheduler_that_notes(scheduler_actor::pointer, news* to) {
  return {
    [to](const backend_added& x) { to->push_back('+' + x.value.id); },
    [to](const backend_removed& x) { to->push_back('-' + x.id); },
    [to](const backend_changed& x) { to->push_back('~' + x.value.id); },
    [](const backend_ready&) {},
    [to](caf::open_atom) { to->push_back("open"); },
    [](const reconfigured&) {},
    [](const poll_order&) { return poll_report{}; },
    [](const pause_order&) { return uint64_t{0}; },
    [](const resume_order&) { return uint64_t{0}; },
    [](caf::get_atom) { return scheduler_status{}; },
    [](caf::ping_atom) {},
    [](caf::tick_atom, uint64_t) {},
    [](caf::pending_atom, uint64_t) {},
    [](caf::reset_atom, incarnation) {},
    [](caf::close_atom) { return caf::ok_atom_v; },
    [](caf::timeout_atom) {},
  };
}

/// An engine that has what the test says, and keeps leases as it should.
struct fake_engine {
  bool away = false;
  std::vector<engine_order> orders;
  std::vector<seen_member> others;
  std::array<std::string, slot_count> owners;

  caf::result<engine_answer> run(const engine_order& x) {
    orders.push_back(x);
    if (away)
      return caf::make_error(ec::cluster_failed, std::string{"it is away"});
    for (const auto& y : x.release)
      owners[y.slot].clear();
    for (auto slot : x.claim)
      if (owners[slot].empty())
        owners[slot] = x.self.id;
    auto view = std::make_shared<engine_view>();
    view->held = true;
    view->layout = layout_version;
    view->members.push_back({x.self, 1h});
    view->members.insert(view->members.end(), others.begin(), others.end());
    for (size_t i = 0; i < slot_count; ++i) {
      view->owners[i] = no_owner;
      for (size_t j = 0; j < view->members.size(); ++j)
        if (owners[i] == view->members[j].record.id)
          view->owners[i] = static_cast<int16_t>(j);
    }
    return engine_answer{view};
  }
};

engine_actor::behavior_type scripted_engine(engine_actor::pointer, fake_engine* x) {
  return {[x](const engine_order& order) { return x->run(order); }};
}

backend one(const std::string& name) {
  backend result;
  result.id = name + "@10.0.0.1:5432/postgres";
  result.name = name;
  return result;
}

struct fixture : test::actor_system {
  fixture() : metrics{registry} {
    scheduler = sys.spawn(scheduler_that_notes, &heard);
    options.interval = 10s;
    options.cluster = cluster_settings{.member = "a", .advertise = "a:9187"};
  }

  ~fixture() { stop(aut, scheduler); }

  void spawn() {
    cluster_arguments arguments;
    arguments.configuration = {std::make_shared<const settings>(options), built_in_catalogue()};
    arguments.scheduler = scheduler;
    arguments.start_engine = [this](caf::local_actor& parent, const engine_listener&) {
      ++engines;
      return parent.spawn(scripted_engine, &engine);
    };
    arguments.sessions = sessions;
    arguments.backends = std::make_shared<snapshot_cell>();
    arguments.left = std::make_shared<lingering>();
    arguments.view = view;
    arguments.metrics = &metrics;
    arguments.life = "life";
    arguments.chance = [] { return 0.5; };
    arguments.unix_time = [] { return 1e9; };
    aut = sys.spawn(cluster, std::move(arguments));
    sched.run();
  }

  void second(int n = 1) {
    for (int i = 0; i < n; ++i) {
      advance_time(1s);
      sched.run();
    }
  }

  template <class... Ts>
  void tell(Ts... xs) {
    self->send(aut, std::move(xs)...);
    sched.run();
  }

  news said() { return std::exchange(heard, {}); }

  /// Another member comes, and has been there for long.
  void other(const std::string& id, bool leaving = false) {
    engine.others = {
      {{.id = id, .address = id + ":9187", .layout = layout_version, .leaving = leaving}, 1h}};
  }

  prometheus::Registry registry;
  cluster_metrics metrics;
  settings options;
  fake_engine engine;
  int engines = 0;
  news heard;
  std::shared_ptr<session_ledger> sessions = std::make_shared<session_ledger>();
  std::shared_ptr<cluster_cell> view = std::make_shared<cluster_cell>();
  scheduler_actor scheduler;
  cluster_actor aut;
};

} // namespace

FIXTURE_SCOPE(cluster_tests, fixture)

TEST(a member alone watches all and says who does) {
  spawn();
  tell(backend_added{one("x")});
  tell(backend_added{one("y")});
  tell(caf::open_atom_v);
  second(2);
  auto all = said();
  CHECK(std::ranges::count(all, "+x@10.0.0.1:5432/postgres") == 1);
  CHECK(std::ranges::count(all, "+y@10.0.0.1:5432/postgres") == 1);
  CHECK(std::ranges::count(all, "open") == 1);
  auto status = view->status();
  CHECK_EQUAL(status->slots_held, slot_count);
  CHECK_EQUAL(status->backends_held, 2u);
  CHECK(status->engine_answers);
  auto targets = view->targets();
  REQUIRE(targets != nullptr);
  CHECK_EQUAL(targets->size(), 2u);
  CHECK(*targets->front().address == "a:9187");
  // What comes later is ours, too, and goes.
  tell(backend_added{one("z")});
  tell(backend_changed{one("z")});
  tell(backend_removed{one("z").id});
  CHECK(said()
        == (news{"+z@10.0.0.1:5432/postgres", "~z@10.0.0.1:5432/postgres",
                 "-z@10.0.0.1:5432/postgres"}));
}

TEST(what another has is not watched and its owner is named) {
  other("b");
  engine.owners.fill("b");
  spawn();
  tell(backend_added{one("x")});
  tell(caf::open_atom_v);
  second(1);
  CHECK(said() == news{"open"});
  auto targets = view->targets();
  REQUIRE(targets != nullptr);
  CHECK(*targets->front().address == "b:9187");
}

TEST(a slot is let go of when the last session of it has ended) {
  spawn();
  for (int i = 0; i < 200; ++i) {
    auto x = one(fmt::format("b{}", i));
    tell(backend_added{x});
    sessions->begin(x.id);
  }
  second(2);
  said();
  other("b");
  second(3);
  auto stopped = said();
  CHECK(!stopped.empty());
  auto released = [this](slot_number slot) {
    return std::ranges::any_of(engine.orders, [&](const engine_order& x) {
      return std::ranges::any_of(x.release, [&](const owned_slot& y) { return y.slot == slot; });
    });
  };
  auto id = stopped.front().substr(1);
  auto slot = slot_of(id);
  CHECK(!released(slot));
  for (const auto& x : stopped)
    if (slot_of(x.substr(1)) == slot)
      sessions->end(x.substr(1));
  sched.run();
  second(1);
  CHECK(released(slot));
  CHECK(view->status()->counts.given > 0);
}

TEST(a session that never ends does not hold a slot for ever) {
  spawn();
  for (int i = 0; i < 200; ++i) {
    tell(backend_added{one(fmt::format("b{}", i))});
    sessions->begin(one(fmt::format("b{}", i)).id);
  }
  second(2);
  other("b");
  test::captured_log log;
  second(15);
  CHECK(std::ranges::any_of(log.lines(), [](const std::string& x) {
    return x.find("are given away all the same") != std::string::npos;
  }));
}

TEST(at the end all is handed over) {
  spawn();
  tell(backend_added{one("x")});
  second(2);
  other("b");
  auto done = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  second(2);
  bool answered = false;
  done.receive([&](caf::ok_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
  CHECK(engine.orders.back().leave);
  CHECK(std::ranges::none_of(engine.owners, [](const std::string& x) { return x == "a"; }));
}

TEST(the end does not wait for an engine that is away) {
  spawn();
  tell(backend_added{one("x")});
  second(2);
  engine.away = true;
  second(1);
  auto done = self->request(aut, caf::infinite, caf::close_atom_v);
  sched.run();
  bool answered = false;
  done.receive([&](caf::ok_atom) { answered = true; }, [](const caf::error&) {});
  CHECK(answered);
}

TEST(without an engine nothing is watched until a lease is over and then what was ours) {
  auto directory = std::filesystem::temp_directory_path()
                   / fmt::format("pgstatsmon-cluster-{}", static_cast<int>(getpid()));
  options.state_dir = directory.string();
  spawn();
  tell(backend_added{one("x")});
  tell(caf::open_atom_v);
  second(10);
  CHECK(said().size() == 2);
  stop(aut);
  engine.away = true;
  view = std::make_shared<cluster_cell>();
  spawn();
  tell(backend_added{one("x")});
  tell(caf::open_atom_v);
  second(14);
  CHECK(said().empty());
  CHECK(view->status()->problem == "it is away");
  second(2);
  CHECK(said() == (news{"+x@10.0.0.1:5432/postgres", "open"}));
  CHECK(view->status()->doubtful);
  std::filesystem::remove_all(directory);
}

TEST(an engine is started once) {
  spawn();
  CHECK_EQUAL(engines, 1);
  auto status = view->status();
  CHECK(status->engine_answers);
}

FIXTURE_SCOPE_END()
