// What the results of a poll cost from libpq's rows to a block.
#include "test/bench/fleet.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace pgstatsmon;

// Argument: tables of the server.
void decode_poll(benchmark::State& state) {
  auto queries = built_in_catalogue();
  auto results = bench::make_results(*queries, static_cast<size_t>(state.range(0)));
  size_t rows = 0;
  for (const auto& x : results)
    rows += static_cast<size_t>(PQntuples(x.get()));
  size_t series = 0;
  for (auto _ : state) {
    auto samples = bench::make_block(queries, results);
    series = samples->series();
    benchmark::DoNotOptimize(samples);
  }
  state.counters["rows"] = static_cast<double>(rows);
  state.counters["series"] = static_cast<double>(series);
}

} // namespace

BENCHMARK(decode_poll)->Arg(10)->Arg(200)->Arg(2000)->Unit(benchmark::kMillisecond);
