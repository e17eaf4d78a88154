// What a page costs: ours, compressed, and prometheus-cpp's serializer on the same samples.
#include "actors/registry/page.hpp"

#include "test/bench/fleet.hpp"

#include "actors/exposition/gzip.hpp"

#include <benchmark/benchmark.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <malloc.h>

namespace {

using namespace pgstatsmon;

// As the HTTP server asks for them.
constexpr size_t chunk_size = 32 * 1024;

class page_source final : public body_source {
public:
  page_source(const snapshot_ptr& backends, const layout_ptr& layout)
    : page_{backends, layout, nullptr} {}

  size_t read(char* to, size_t max) override { return page_.read(to, max); }

private:
  page_reader page_;
};

double peak_resident_mib() {
  std::ifstream in{"/proc/self/status"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmHWM:"))
      return std::stod(line.substr(6)) / 1024;
  return 0;
}

void reset_peak() {
  malloc_trim(0);
  std::ofstream{"/proc/self/clear_refs"} << "5";
}

// Bytes and lines of a page.
size_t drain(body_source& from, size_t& lines) {
  std::vector<char> chunk(chunk_size);
  size_t bytes = 0;
  while (auto n = from.read(chunk.data(), chunk.size())) {
    bytes += n;
    lines += static_cast<size_t>(std::count(chunk.data(), chunk.data() + n, '\n'));
  }
  return bytes;
}

size_t drain(body_source& from) {
  std::vector<char> chunk(chunk_size);
  size_t bytes = 0;
  while (auto n = from.read(chunk.data(), chunk.size()))
    bytes += n;
  return bytes;
}

// Arguments: backends, tables of each.
struct fleet {
  explicit fleet(const benchmark::State& state)
    : queries{built_in_catalogue()},
      backends{bench::make_fleet(queries, static_cast<size_t>(state.range(0)),
                                 static_cast<size_t>(state.range(1)))} {}

  catalogue_ptr queries;
  layout_ptr layout{make_layout(queries, own_metrics::contract)};
  snapshot_ptr backends;
};

void plain(benchmark::State& state) {
  fleet x{state};
  size_t lines = 0;
  {
    page_source page{x.backends, x.layout};
    drain(page, lines);
  }
  reset_peak();
  auto before = peak_resident_mib();
  size_t bytes = 0;
  for (auto _ : state) {
    page_source page{x.backends, x.layout};
    bytes = drain(page);
  }
  state.counters["lines"] = static_cast<double>(lines);
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["peak_MiB"] = peak_resident_mib() - before;
}

void gzip(benchmark::State& state) {
  fleet x{state};
  reset_peak();
  auto before = peak_resident_mib();
  size_t bytes = 0;
  for (auto _ : state) {
    gzip_source page{std::make_unique<page_source>(x.backends, x.layout)};
    bytes = drain(page);
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["peak_MiB"] = peak_resident_mib() - before;
}

// The label pairs of a rendered label text without escapes.
std::vector<prometheus::ClientMetric::Label> parse_labels(std::string_view x) {
  std::vector<prometheus::ClientMetric::Label> result;
  while (!x.empty()) {
    auto name = x.substr(0, x.find('='));
    x.remove_prefix(name.size() + 2);
    auto value = x.substr(0, x.find('"'));
    x.remove_prefix(std::min(x.size(), value.size() + 2));
    result.push_back({std::string{name}, std::string{value}});
  }
  return result;
}

std::vector<prometheus::MetricFamily> as_families(const fleet& x) {
  std::vector<prometheus::MetricFamily> result;
  for (size_t i = 0; i < x.queries->queries().size(); ++i)
    for (size_t j = 0; j < x.queries->queries()[i].metrics.size(); ++j) {
      auto& family = result.emplace_back();
      family.name = x.queries->queries()[i].metrics[j].family;
      family.type = prometheus::MetricType::Gauge;
      for (const auto& backend : *x.backends) {
        auto samples = backend->samples.load();
        const auto& rows = samples->of(i);
        for (size_t row = 0; row < rows.rows(); ++row) {
          auto& metric = family.metric.emplace_back();
          metric.gauge.value = rows.value(row, j);
          metric.label = parse_labels(backend->prefix + "," + std::string{rows.labels(row)});
        }
      }
    }
  return result;
}

// Without the time to collect the families.
void prometheus_cpp(benchmark::State& state) {
  fleet x{state};
  auto families = as_families(x);
  reset_peak();
  auto before = peak_resident_mib();
  size_t bytes = 0;
  for (auto _ : state) {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    bytes = out.str().size();
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["peak_MiB"] = peak_resident_mib() - before;
}

} // namespace

// 1,000,000 series, 1,000 small backends, one small backend.
BENCHMARK(plain)->Args({18, 2000})->Args({1000, 10})->Args({1, 10})->Unit(benchmark::kMillisecond);
BENCHMARK(gzip)->Args({18, 2000})->Args({1000, 10})->Unit(benchmark::kMillisecond);
BENCHMARK(prometheus_cpp)->Args({18, 2000})->Unit(benchmark::kMillisecond);
