// What vital signs cost a poll, and in memory.
#include "test/bench/fleet.hpp"

#include "actors/registry/read_vitals.hpp"
#include "actors/registry/vital_history.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace pgstatsmon;
using namespace std::chrono_literals;

/// Sessions of so many databases in six states each, as pg_stat_activity has them.
std::shared_ptr<PGresult> sessions_of(const query_definition& query, int64_t databases) {
  auto columns = query.labels;
  for (const auto& x : query.metrics)
    if (x.leads)
      columns.push_back(x.column);
  std::vector<test::row> rows;
  for (int64_t i = 0; i < databases; ++i)
    for (const auto* state :
         {"active", "idle", "idle in transaction", "idle in transaction (aborted)",
          "fastpath function call", "disabled"}) {
      auto& row = rows.emplace_back(columns.size(), "{1.5,2}");
      row[0] = fmt::format("database_{}", i);
      row[1] = state;
      row[2] = i % 20 == 0 ? "3" : "0"; // most databases are idle
      row[3] = "1.5";
    }
  return test::make_rows(std::move(columns), rows);
}

/// Of a server with ten tables.
std::vector<std::shared_ptr<PGresult>> results_of(const catalogue& queries, int64_t databases) {
  auto result = bench::make_results(queries, 10);
  for (size_t i = 0; i < result.size(); ++i)
    if (queries.queries()[i].name == "pg_stat_activity")
      result[i] = sessions_of(queries.queries()[i], databases);
  return result;
}

// Argument: databases of the server. To be compared with what decoding its rows costs.
void decode_sessions(benchmark::State& state) {
  auto queries = built_in_catalogue();
  auto results = results_of(*queries, state.range(0));
  for (auto _ : state) {
    auto samples = bench::make_block(queries, results);
    benchmark::DoNotOptimize(samples);
  }
}

void read_signs(benchmark::State& state) {
  auto queries = built_in_catalogue();
  auto samples = bench::make_block(queries, results_of(*queries, state.range(0)));
  for (auto _ : state) {
    auto signs = read_vitals(*samples, samples.get());
    benchmark::DoNotOptimize(signs);
  }
}

void remember_signs(benchmark::State& state) {
  auto history = std::make_unique<vital_history>();
  vital_reading reading;
  reading.values.all.fill(1);
  reading.fresh = ~uint32_t{0};
  for (auto _ : state) {
    reading.when += 10s;
    for (auto& x : reading.values.all)
      x += 100;
    history->add(reading);
  }
  state.counters["bytes"] = sizeof(vital_history);
}

// Once a second for each backend.
void look_at_a_backend(benchmark::State& state) {
  auto history = std::make_unique<vital_history>();
  history->add({});
  std::chrono::steady_clock::time_point now{};
  for (auto _ : state)
    history->look(now += 1s, true);
}

void read_an_hour(benchmark::State& state) {
  auto history = std::make_unique<vital_history>();
  vital_reading reading;
  for (size_t i = 0; i < vital_history::length; ++i) {
    history->add(reading);
    reading.when += vital_history::step;
  }
  for (auto _ : state) {
    auto hour = history->hour(reading.when);
    benchmark::DoNotOptimize(hour);
  }
}

} // namespace

BENCHMARK(decode_sessions)->Arg(3)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(read_signs)->Arg(3)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(remember_signs);
BENCHMARK(look_at_a_backend);
BENCHMARK(read_an_hour);
