// The FLEET looks at what CONNECTIONs left.
#define SUITE fleet

#include "actors/fleet/fleet.hpp"

#include "test/unit/actor_test.hpp"

#include "config/settings.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture : test::actor_system {
  fixture() {
    options->interval = 2s;
    options->stale_after = 60s;
    aut = sys.spawn(fleet, fleet_arguments{.backends = backends,
                                           .view = view,
                                           .options = options,
                                           .unix_time = [] { return 1e9; }});
    sched.run();
  }

  ~fixture() override { stop(aut); }

  void pass(caf::timespan span) {
    advance_time(span);
    sched.run();
  }

  entry_ptr add(std::string name) {
    backend x;
    x.name = std::move(name);
    auto queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
    auto result =
      std::make_shared<entry>(std::move(x), ++lives, std::make_shared<backend_metrics>(queries));
    result->metrics->up = true;
    result->answered = true;
    backends->add(result);
    return result;
  }

  void tell(const entry_ptr& x, bool standby) {
    auto report = std::make_shared<server_report>();
    report->when = sys.clock().now();
    report->standby = standby;
    report->position = 100;
    report->identity = std::make_shared<const server_identity>(server_identity{
      .system = "7", .started = static_cast<int64_t>(x->life), .address = {}, .cluster_name = {}});
    x->metrics->report = report;
  }

  std::shared_ptr<snapshot_cell> backends = std::make_shared<snapshot_cell>();
  std::shared_ptr<fleet_cell> view = std::make_shared<fleet_cell>();
  std::shared_ptr<settings> options = std::make_shared<settings>();
  incarnation lives = 0;
  fleet_actor aut;
};

} // namespace

FIXTURE_SCOPE(fleet_tests, fixture)

TEST(a report is seen within a second) {
  auto a = add("a");
  add("silent");
  tell(a, false);
  CHECK(view->get()->clusters.empty());
  pass(1s);
  REQUIRE(view->get()->clusters.size() == 1u);
  CHECK_EQUAL(view->get()->clusters[0]->writable, 1u);
  CHECK_EQUAL(view->get()->clusters[0]->members.size(), 1u);
}

TEST(a server that is down or silent takes no writes) {
  auto a = add("a");
  tell(a, false);
  pass(1s);
  a->metrics->up = false;
  pass(1s);
  CHECK_EQUAL(view->get()->clusters[0]->writable, 0u);
  a->metrics->up = true;
  pass(1s);
  CHECK_EQUAL(view->get()->clusters[0]->writable, 1u);
  for (int i = 0; i < 62; ++i)
    pass(1s);
  CHECK_EQUAL(view->get()->clusters[0]->writable, 0u);
}

TEST(what is gone is forgotten) {
  auto a = add("a");
  tell(a, false);
  pass(1s);
  backends->remove(a->life);
  a.reset();
  pass(1s);
  CHECK(view->get()->clusters.empty());
}

TEST(it follows a new interval) {
  auto changed = std::make_shared<settings>(*options);
  changed->interval = 200ms;
  auto queries = std::make_shared<const catalogue>(std::vector<query_definition>{});
  self->send(aut, reconfigured{changed, queries});
  sched.run();
  pass(1s);
  auto a = add("a");
  tell(a, false);
  pass(100ms);
  CHECK_EQUAL(view->get()->clusters.size(), 1u);
}

FIXTURE_SCOPE_END()
