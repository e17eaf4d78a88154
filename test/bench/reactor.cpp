// What a message from actor to actor and a timer cost: REACTORs, and CAF's own scheduler beside
// them.
#include "actors/reactor/reactor_pool.hpp"
#include "actors/reactor/timers.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace {

using namespace pgstatsmon;

constexpr uint64_t hops = 10'000;

using partner_actor = caf::typed_actor<caf::reacts_to<caf::tick_atom, uint64_t>>;
using asker_actor = caf::typed_actor<caf::replies_to<caf::get_atom>::with<uint64_t>,
                                     caf::reacts_to<caf::tick_atom, uint64_t>>;

partner_actor::behavior_type partner(partner_actor::pointer self) {
  return {[self](caf::tick_atom, uint64_t left) {
    caf::anon_send(caf::actor_cast<partner_actor>(self->current_sender()), caf::tick_atom_v,
                   left - 1);
  }};
}

struct asker_state {
  static constexpr const char* name = "asker";
  explicit asker_state(asker_actor::pointer) {}
  caf::typed_response_promise<uint64_t> answer;
};

/// Throws a number to its partner and back, one less each time, until it is used up.
asker_actor::behavior_type asker(asker_actor::stateful_pointer<asker_state> self,
                                 const partner_actor& other) {
  return {
    [self, other](caf::get_atom) {
      self->state.answer = self->make_response_promise<uint64_t>();
      self->send(other, caf::tick_atom_v, hops);
      return self->state.answer;
    },
    [self, other](caf::tick_atom, uint64_t left) {
      if (left <= 1)
        self->state.answer.deliver(hops);
      else
        self->send(other, caf::tick_atom_v, left - 1);
    },
  };
}

struct reactors : caf::actor_system_config {
  reactors() { load<reactor_pool>(); }
};

/// What a message between two actors takes, one after the other: sent, taken, handled.
template <class Configuration>
void hop(benchmark::State& state) {
  Configuration config;
  config.set("scheduler.max-threads", 2);
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto aut = system.spawn(asker, system.spawn(partner));
  for (auto _ : state)
    self->request(aut, caf::infinite, caf::get_atom_v)
      .receive([](uint64_t) {}, [&](const caf::error&) { state.SkipWithError("no answer"); });
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(hops));
}
BENCHMARK_TEMPLATE(hop, reactors)->UseRealTime();
BENCHMARK_TEMPLATE(hop, caf::actor_system_config)->UseRealTime();

/// One timer is set and sends its message, while others wait: two a backend is what a fleet has.
void timer(benchmark::State& state) {
  reactors config;
  config.set("scheduler.max-threads", 1);
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto receiver = caf::actor_cast<caf::strong_actor_ptr>(self);
  auto content = [] {
    return caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, caf::tick_atom_v);
  };
  timers aut;
  auto now = timers::time_point{} + std::chrono::hours{1};
  for (int64_t i = 0; i < state.range(0); ++i)
    aut.schedule_message(now + std::chrono::seconds{i + 1}, receiver, content());
  for (auto _ : state) {
    aut.schedule_message(now, receiver, content());
    aut.send_due(now);
    self->receive([](caf::tick_atom) {});
  }
  aut.cancel_all();
}
BENCHMARK(timer)->Arg(0)->Arg(2'000)->Arg(10'000);

} // namespace
