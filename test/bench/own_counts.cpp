// What our own counts of small backends take: bytes of memory for each backend (`memory_each`), of
// a page of nothing else (`own_page`), and of the whole page, which is what is timed.
#include "test/bench/fleet.hpp"

#include "actors/registry/daemon_metrics.hpp"
#include "actors/registry/page.hpp"

#include <benchmark/benchmark.h>

#include <malloc.h>

namespace {

using namespace pgstatsmon;

struct counted_fleet {
  counted_fleet(own_metrics wanted, size_t n, bool answered) : answers{answered} {
    daemon.fleet.show(wanted);
    if (answers)
      samples = bench::make_block(queries, bench::make_results(*queries, 10));
    all->reserve(n);
    auto before = mallinfo2().uordblks;
    for (size_t i = 0; i < n; ++i)
      add(fmt::format("backend-{}.example.com", i));
    bytes = mallinfo2().uordblks - before;
  }

  void add(std::string name) {
    backend x;
    x.name = std::move(name);
    auto counts = std::make_shared<backend_metrics>(queries, &daemon.fleet);
    all->push_back(std::make_shared<entry>(std::move(x), all->size() + 1, counts));
    if (!answers) {
      counts->state = backend_state::backoff;
      counts->count_failure(failure::refused);
      return;
    }
    counts->connects = 1;
    for (size_t i = 0; i < queries->queries().size(); ++i) {
      if (queries->queries()[i].kind != backend_kind::postgres)
        continue;
      counts->query(i).planned = true;
      counts->answered(i, 1);
    }
  }

  size_t page_bytes() {
    page_reader page{all, make_layout(queries, daemon.fleet.shown()),
                     [this] { return daemon.text(); }};
    std::string chunk(1 << 16, '\0');
    size_t result = 0;
    while (auto n = page.read(chunk.data(), chunk.size()))
      result += n;
    return result;
  }

  void show_samples() {
    for (const auto& x : *all)
      x->samples = samples;
  }

  bool answers;
  catalogue_ptr queries = built_in_catalogue();
  daemon_metrics daemon{{}};
  block_ptr samples;
  std::shared_ptr<entry_list> all = std::make_shared<entry_list>();
  size_t bytes = 0;
};

void own_counts(benchmark::State& state, own_metrics wanted, bool answered) {
  auto n = static_cast<size_t>(state.range(0));
  counted_fleet x{wanted, n, answered};
  state.counters["memory_each"] = static_cast<double>(x.bytes) / static_cast<double>(n);
  state.counters["own_page"] = static_cast<double>(x.page_bytes());
  x.show_samples();
  size_t page = 0;
  for (auto _ : state)
    page = x.page_bytes();
  state.counters["page"] = static_cast<double>(page);
}

void own_counts_of(benchmark::internal::Benchmark* x) {
  x->Arg(1)->Arg(1000)->Unit(benchmark::kMillisecond);
}

} // namespace

BENCHMARK_CAPTURE(own_counts, full, own_metrics::full, true)->Apply(own_counts_of);
BENCHMARK_CAPTURE(own_counts, contract, own_metrics::contract, true)->Apply(own_counts_of);
BENCHMARK_CAPTURE(own_counts, minimal, own_metrics::minimal, true)->Apply(own_counts_of);
BENCHMARK_CAPTURE(own_counts, dead_full, own_metrics::full, false)->Apply(own_counts_of);
BENCHMARK_CAPTURE(own_counts, dead_contract, own_metrics::contract, false)->Apply(own_counts_of);
BENCHMARK_CAPTURE(own_counts, dead_minimal, own_metrics::minimal, false)->Apply(own_counts_of);
