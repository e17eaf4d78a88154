// What the tracepoints of one poll cost while nobody watches.
#include "actors/trace_points.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace pgstatsmon;

constexpr int queries = 11;

/// What is measured besides: the loop.
void no_tracepoints(benchmark::State& state) {
  for (auto _ : state)
    for (int i = 0; i < queries; ++i)
      benchmark::ClobberMemory();
}

void tracepoints_of_a_poll(benchmark::State& state) {
  const std::string text = "text";
  trace::query query{text, text, text};
  for (auto _ : state) {
    benchmark::DoNotOptimize(query);
    trace::backend_start(text);
    for (int i = 0; i < queries; ++i) {
      trace::query_start(query);
      trace::query_done(query, nullptr, std::chrono::nanoseconds{1});
      benchmark::ClobberMemory();
    }
    trace::backend_done(text);
  }
}

BENCHMARK(no_tracepoints);
BENCHMARK(tracepoints_of_a_poll);

} // namespace
