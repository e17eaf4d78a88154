// What it costs an actor to be seen by the console: everything that is done for a message.
#include "actors/observed.hpp"

#include <benchmark/benchmark.h>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace {

using namespace pgstatsmon;

/// For each message: enqueued, its kind, two looks at the clock, begin and end.
void count_a_message(benchmark::State& state) {
  actor_record record{1, 0, std::chrono::steady_clock::now()};
  auto message = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, caf::tick_atom_v);
  for (auto _ : state) {
    record.enqueued();
    record.begin(message_kind::of(*message), std::chrono::steady_clock::now());
    benchmark::ClobberMemory();
    record.end(std::chrono::steady_clock::now());
  }
}
BENCHMARK(count_a_message);

using echo_actor = caf::typed_actor<caf::replies_to<caf::tick_atom>::with<caf::tick_atom>>;

struct echo_state {
  static constexpr const char* name = "echo";
  explicit echo_state(echo_actor::pointer) {}
};

template <class Self>
echo_actor::behavior_type echo(Self) {
  return {[](caf::tick_atom) { return caf::tick_atom_v; }};
}

/// A request and its answer, with actors that are observed and with CAF's own.
template <class Self>
void ask_and_answer(benchmark::State& state) {
  listing_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto other = system.spawn(echo<Self>);
  for (auto _ : state)
    self->request(other, caf::infinite, caf::tick_atom_v)
      .receive([](caf::tick_atom) {}, [&](const caf::error&) { state.SkipWithError("no answer"); });
}
BENCHMARK_TEMPLATE(ask_and_answer, observed_ptr<echo_actor, echo_state>);
BENCHMARK_TEMPLATE(ask_and_answer, echo_actor::stateful_pointer<echo_state>);

/// The thousand actors of five hundred backends, as `actors` lists them.
void list_actors(benchmark::State& state) {
  actor_directory directory;
  for (uint64_t i = 1; i <= 1000; ++i) {
    directory.add(std::make_shared<actor_record>(i, 0, actor_record::time_point{}), "connection");
    directory.describe(i, "backend " + std::to_string(i));
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(directory.list());
}
BENCHMARK(list_actors)->Unit(benchmark::kMicrosecond);

} // namespace
