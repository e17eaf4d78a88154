// A deterministic actor system for unit tests: the test decides who runs, and what time it is.
#pragma once

#ifndef SUITE
#error "define SUITE before including this header"
#endif

#define CAF_SUITE SUITE
#define FAIL CAF_FAIL // dsl.hpp of CAF 0.17.6 uses it unprefixed

#include "actors/observed.hpp"
#include "messages/types.hpp"

#include <caf/test/dsl.hpp>

#define TEST CAF_TEST
#define CHECK CAF_CHECK
#define CHECK_EQUAL CAF_CHECK_EQUAL
#define REQUIRE CAF_REQUIRE
#define FIXTURE_SCOPE CAF_TEST_FIXTURE_SCOPE
#define FIXTURE_SCOPE_END CAF_TEST_FIXTURE_SCOPE_END

namespace pgstatsmon::test {

struct config : listing_config {
  config() { add_message_types<caf::id_block::pgstatsmon>(); }
};

/// Use sched.run() and advance_time(). Never call run() or request() of the base with a periodic
/// actor: both fire timeouts until none is left.
struct actor_system : test_coordinator_fixture<config> {
  template <class State, class Handle>
  State& state_of(const Handle& hdl) {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(hdl);
    using ours = std::remove_pointer_t<observed_ptr<Handle, State>>;
    if (auto* x = dynamic_cast<ours*>(actor))
      return x->state;
    // A stand-in of the test's.
    return dynamic_cast<typename Handle::template stateful_base<State>&>(*actor).state;
  }

  /// Ends actors; call it from the derived fixture's destructor.
  template <class... Handles>
  void stop(const Handles&... hdls) {
    (self->send_exit(hdls, caf::exit_reason::user_shutdown), ...);
    sched.run();
  }
};

} // namespace pgstatsmon::test
