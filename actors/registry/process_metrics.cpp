// Process metrics from /proc and getrusage(2).
#include "actors/registry/process_metrics.hpp"

#include "config/event_log.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

/// Of the sanitizers, whose heap glibc does not know; null without them.
extern "C" size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace pgstatsmon {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::string first_line(const char* path) {
  std::string result;
  std::getline(std::ifstream{path}, result);
  return result;
}

double seconds(const timeval& x) {
  return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) / 1e6;
}

// Unix time at which the machine was booted, s.
std::optional<double> boot_time() {
  std::ifstream in{"/proc/stat"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("btime "))
      return std::stod(line.substr(6));
  return std::nullopt;
}

/// What malloc has given out, and what it keeps of what came back, in bytes.
struct heap {
  double used = 0;
  double kept = 0;
};

heap look_at_heap() {
  if (&__sanitizer_get_current_allocated_bytes != nullptr)
    return {.used = static_cast<double>(__sanitizer_get_current_allocated_bytes())};
  auto info = mallinfo2();
  return {.used = static_cast<double>(info.uordblks + info.hblkhd),
          .kept = static_cast<double>(info.fordblks)};
}

// One less than are there: the directory itself is open while we look.
std::optional<double> open_files() {
  std::error_code error;
  double result = -1;
  for (std::filesystem::directory_iterator i{"/proc/self/fd", error}, end; !error && i != end;
       i.increment(error))
    ++result;
  return error ? std::nullopt : std::optional{result};
}

} // namespace

std::optional<process_stat> parse_process_stat(const std::string& line) {
  auto name_end = line.rfind(')'); // the name before it may have any characters
  if (name_end == std::string::npos)
    return std::nullopt;
  std::istringstream in{line.substr(name_end + 1)};
  std::string state;
  in >> state;
  process_stat result;
  double skipped = 0;
  for (int field = 4; field <= 24; ++field) // numbered as in proc(5)
    switch (field) {
    case 20: in >> result.threads; break;
    case 22: in >> result.start_ticks; break;
    case 23: in >> result.virtual_bytes; break;
    case 24: in >> result.resident_pages; break;
    default: in >> skipped;
    }
  return in ? std::optional{result} : std::nullopt;
}

std::vector<MetricFamily> collect_process_metrics() {
  std::vector<MetricFamily> result;
  auto add = [&](const char* name, MetricType type, const char* help, double value) {
    prometheus::ClientMetric metric;
    metric.counter.value = metric.gauge.value = value; // the type decides which is shown
    result.push_back({name, help, type, {std::move(metric)}});
  };
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    add("process_cpu_seconds_total", MetricType::Counter,
        "User and system CPU time of this process, in seconds.",
        seconds(usage.ru_utime) + seconds(usage.ru_stime));
  if (auto stat = parse_process_stat(first_line("/proc/self/stat"))) {
    add("process_resident_memory_bytes", MetricType::Gauge, "Resident memory of this process.",
        stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
    add("process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory of this process.",
        stat->virtual_bytes);
    add("process_threads", MetricType::Gauge, "Threads of this process.", stat->threads);
    if (auto boot = boot_time())
      add("process_start_time_seconds", MetricType::Gauge, "When this process started, Unix time.",
          *boot + stat->start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
  }
  auto [used, kept] = look_at_heap();
  add("pgstatsmon_heap_used_bytes", MetricType::Gauge, "Memory that the program has allocated.",
      used);
  add("pgstatsmon_heap_free_bytes", MetricType::Gauge,
      "Memory that malloc keeps of what the program has freed.", kept);
  auto [written, dropped] = count_events();
  add("pgstatsmon_events_total", MetricType::Counter, "Events written to events.file.",
      static_cast<double>(written));
  add("pgstatsmon_events_dropped_total", MetricType::Counter,
      "Events that were not: the file can't be written, or its reader is slow.",
      static_cast<double>(dropped));
  if (auto files = open_files())
    add("process_open_fds", MetricType::Gauge, "Open file descriptors of this process.", *files);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    add("process_max_fds", MetricType::Gauge, "Most file descriptors that this process may open.",
        static_cast<double>(limit.rlim_cur));
  return result;
}

} // namespace pgstatsmon
