// The WORKER with real threads: what is stuck holds up its own kind only.
#define SUITE worker

#include "actors/backend/worker.hpp"

#include "test/unit/actor_test.hpp"

#include <caf/scoped_actor.hpp>

#include <atomic>
#include <latch>
#include <memory>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

/// What the WORKER's threads share with the test; they may outlive it.
struct shared_state {
  std::latch all_run{1};
  std::latch go_on{1};
  std::atomic<int> cancelling{0};
  std::atomic<int> ended{0};
};

struct fixture {
  fixture() {
    worker_tasks tasks;
    tasks.look_up = [](const lookup& x) -> caf::expected<lookup_result> {
      return lookup_result{{x.host}, {}};
    };
    tasks.cancel = [x = shared](const cancel_request&) {
      if (++x->cancelling == static_cast<int>(worker_state::max_running))
        x->all_run.count_down();
      x->go_on.wait();
      ++x->ended;
    };
    aut = system.spawn(worker, std::move(tasks));
  }

  ~fixture() {
    caf::anon_send_exit(aut, caf::exit_reason::user_shutdown);
    self->wait_for(aut);
    shared->go_on.count_down();
  }

  std::shared_ptr<shared_state> shared = std::make_shared<shared_state>();
  test::config configuration;
  caf::actor_system system{configuration};
  caf::scoped_actor self{system};
  worker_actor aut;
};

} // namespace

FIXTURE_SCOPE(worker_tests, fixture)

TEST(cancel requests that are stuck hold up no lookup) {
  for (int i = 0; i < 40; ++i)
    self->send(aut, cancel_request{});
  shared->all_run.wait();
  for (int i = 0; i < 40; ++i)
    self->request(aut, 10s, lookup{"10.0.0.1", {}})
      .receive([](const lookup_result& x) { CHECK_EQUAL(x.addresses.front(), "10.0.0.1"); },
               [this](const caf::error& err) { FAIL(system.render(err)); });
  CHECK_EQUAL(shared->cancelling.load(), static_cast<int>(worker_state::max_running));
}

TEST(its end waits for nothing that is stuck) {
  for (size_t i = 0; i < worker_state::max_running; ++i)
    self->send(aut, cancel_request{});
  shared->all_run.wait();
  self->send_exit(aut, caf::exit_reason::user_shutdown);
  self->wait_for(aut);
  CHECK_EQUAL(shared->ended.load(), 0);
}

FIXTURE_SCOPE_END()
