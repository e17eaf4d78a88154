// What it costs when many backends come, die or go in one moment. Times should grow as the number
// of backends does; `copied` are entries of the lists that the page is made from.
#include "actors/actor_directory.hpp"
#include "actors/discovery/changes.hpp"
#include "actors/observed.hpp"
#include "actors/registry/registry.hpp"
#include "actors/scheduler/scheduler.hpp"

#include <benchmark/benchmark.h>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <thread>

namespace {

using namespace pgstatsmon;

struct configuration : listing_config {
  configuration() {
    add_message_types<caf::id_block::pgstatsmon>();
    set("scheduler.policy", caf::atom("sharing"));
  }
};

struct idle_state {
  static constexpr const char* name = "connection";
  explicit idle_state(connection_actor::pointer) {}
};

// A CONNECTION that has sent a block, and does nothing more but end.
connection_actor::behavior_type idle(observed_ptr<connection_actor, idle_state> self,
                                     const registry_actor& registry, const block_ptr& samples,
                                     incarnation life, std::string of) {
  self->send(registry, backend_samples{life, samples});
  self->is_for(std::move(of)); // last: who is waited for has sent it
  return {
    [](const poll&) {
      return poll_report{failure::none, true, {}, 1};
    },
    [self](const backend_removed&) { self->quit(); },
    [](const backend_changed&) {},
    [](const reconfigured&) {},
    [](const session_order&) {},
    [](const socket_ready&) {},
    [](caf::timeout_atom, uint64_t) {},
    [](caf::tick_atom, uint64_t) {},
  };
}

struct fleet {
  explicit fleet(size_t n) : count{n} {
    scheduler_arguments x;
    auto calm = std::make_shared<settings>();
    calm->interval = std::chrono::hours{1};
    x.options = calm;
    x.queries = queries;
    x.registry = registry_;
    x.chance = [] { return 1.0; };
    x.metrics = {.backends = &gauge,
                 .in_flight = &gauge,
                 .stretch = &gauge,
                 .tick_duration = &seconds,
                 .slot_wait = &seconds,
                 .pulse = nullptr,
                 .fleet = nullptr};
    x.spawn_backend = [this](scheduler_actor::pointer scheduler, const backend& target,
                             incarnation life, const metrics_ptr& metrics, const settings_ptr&) {
      counts.push_back(metrics);
      return connections.emplace_back(
        scheduler->spawn(idle, registry_, samples, life, target.name));
    };
    scheduler_ = system.spawn(scheduler, std::move(x));
  }

  ~fleet() {
    caf::anon_send_exit(scheduler_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(registry_, caf::exit_reason::user_shutdown);
    for (const auto& x : connections)
      caf::anon_send(x, backend_removed{});
  }

  static std::string name_of(size_t i) { return fmt::format("backend-{}.example.com", i); }

  size_t shown() const {
    auto all = cell->get();
    return static_cast<size_t>(
      std::ranges::count_if(*all, [](const auto& x) { return x->samples.load() != nullptr; }));
  }

  [[nodiscard]] bool add_all() {
    for (size_t i = 0; i < count; ++i) {
      backend x;
      x.id = x.name = name_of(i);
      caf::anon_send(scheduler_, backend_added{x});
    }
    return comes([this] { return calm(2 + count); });
  }

  [[nodiscard]] bool remove_all() {
    for (size_t i = 0; i < count; ++i)
      caf::anon_send(scheduler_, backend_removed{name_of(i)});
    return comes([this] { return calm(2); });
  }

  [[nodiscard]] bool kill_all() {
    for (size_t i = 0; i < count; ++i)
      caf::anon_send_exit(connections[i], caf::exit_reason::kill);
    return comes([this] {
      return shown() == 0
             && std::ranges::all_of(counts, [](const auto& x) { return x->restarts > 0; });
    });
  }

  // So many live, each CONNECTION has sent its block, and all that was sent is handled.
  bool calm(size_t n) const {
    auto all = config.actors->list();
    return all.size() == n && std::ranges::all_of(all, [](const listed_actor& x) {
             return x.record->depth() == 0 && (x.kind != idle_state::name || !x.of.empty());
           });
  }

  // False when it does not in time. Looking all the time would take a core from what is measured.
  static bool comes(const std::function<bool()>& done) {
    using clock = std::chrono::steady_clock;
    constexpr std::chrono::minutes limit{2};
    auto is_over = done();
    for (auto end = clock::now() + limit; !is_over && clock::now() < end; is_over = done())
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    return is_over;
  }

  size_t count;
  configuration config;
  caf::actor_system system{config};
  catalogue_ptr queries = std::make_shared<const catalogue>(std::vector<query_definition>(1));
  block_ptr samples = std::make_shared<const block>(queries, std::vector<section_ptr>{});
  std::shared_ptr<snapshot_cell> cell = std::make_shared<snapshot_cell>();
  prometheus::Gauge gauge;
  prometheus::Histogram seconds{{1.0, 10.0}};
  std::vector<metrics_ptr> counts;
  std::vector<connection_actor> connections;
  registry_actor registry_ = system.spawn(registry, cell, caf::timespan{std::chrono::hours{1}});
  scheduler_actor scheduler_;
};

enum class moment { added, dead, removed };

void burst(benchmark::State& state, moment what) {
  spdlog::set_level(spdlog::level::off);
  double copied = 0;
  for (auto _ : state) {
    fleet x{static_cast<size_t>(state.range(0))};
    auto before = x.cell->copied();
    auto begin = std::chrono::steady_clock::now();
    auto start = [&] {
      before = x.cell->copied();
      begin = std::chrono::steady_clock::now();
    };
    auto in_time = x.add_all();
    if (what != moment::added) {
      start();
      in_time = in_time && (what == moment::dead ? x.kill_all() : x.remove_all());
    }
    if (!in_time)
      return state.SkipWithError("it does not end");
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count());
    if (x.cell->get()->size() != (what == moment::removed ? 0 : x.count))
      state.SkipWithError("the list is wrong");
    if (x.shown() != (what == moment::added ? x.count : 0))
      state.SkipWithError("the blocks are wrong");
    copied = static_cast<double>(x.cell->copied() - before);
  }
  state.counters["copied"] = copied;
}

backend_list make_list(int64_t n, bool one_name) {
  backend_list result;
  for (int64_t i = 0; i < n; ++i) {
    auto& x = result.emplace_back();
    x.id = fmt::format("id-{}", i);
    x.name = one_name ? "same" : fleet::name_of(static_cast<size_t>(i));
    x.address = "192.0.2.1";
  }
  return result;
}

// DISCOVERY's part: everything new, all of it again, nothing left.
void lists(benchmark::State& state, bool one_name) {
  auto all = make_list(state.range(0), one_name);
  for (auto _ : state) {
    backend_list repeated;
    std::vector<renaming> renamed;
    auto named = with_unique_names({}, with_unique_ids(all, repeated), renamed);
    auto again = with_unique_names(named, with_unique_ids(all, repeated), renamed);
    benchmark::DoNotOptimize(changes({}, named).added.size() + changes(named, again).added.size()
                             + changes(named, {}).removed.size());
  }
}

// The console's list of actors, when all die and all come back.
void directory(benchmark::State& state) {
  auto n = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    actor_directory x;
    auto live = [&](uint64_t first) {
      for (uint64_t i = 0; i < n; ++i) {
        x.add(std::make_shared<actor_record>(first + i, 0, actor_record::time_point{}), "query");
        x.describe(first + i, fleet::name_of(i));
      }
    };
    live(1);
    for (uint64_t i = 1; i <= n; ++i)
      x.remove(i, true);
    live(n + 1);
  }
}

} // namespace

BENCHMARK_CAPTURE(burst, add, moment::added)
  ->Arg(1000)
  ->Arg(5000)
  ->UseManualTime()
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(burst, die, moment::dead)
  ->Arg(1000)
  ->Arg(5000)
  ->UseManualTime()
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(burst, remove, moment::removed)
  ->Arg(1000)
  ->Arg(5000)
  ->UseManualTime()
  ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(lists, names, false)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(lists, one_name, true)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(directory)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
