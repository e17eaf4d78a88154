// The daemon's own families, and what is read from /proc.
#define SUITE daemon_metrics
#include "actors/registry/daemon_metrics.hpp"

#include "test/unit/test.hpp"

#include "actors/registry/process_metrics.hpp"

using namespace pgstatsmon;

TEST(all families exist from the first second with the static labels) {
  daemon_metrics x{label_list{{"dc", "a"}}};
  auto text = x.text();
  for (const auto* sample :
       {"pgstatsmon_backends{dc=\"a\"} 0\n", "pgstatsmon_in_flight{dc=\"a\"} 0\n",
        "pgstatsmon_tick_duration_seconds_count{dc=\"a\"} 0\n", "pgstatsmon_build_info{compiler=\"",
        "pgstatsmon_pages_total{dc=\"a\"} 0\n", "pgstatsmon_page_bytes{dc=\"a\"} 0\n",
        "pgstatsmon_page_duration_seconds_count{dc=\"a\"} 0\n",
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total{dc=\"a\"} ",
        "process_resident_memory_bytes{dc=\"a\"} ", "process_virtual_memory_bytes{dc=\"a\"} ",
        "process_open_fds{dc=\"a\"} ", "process_max_fds{dc=\"a\"} ",
        "process_start_time_seconds{dc=\"a\"} ", "process_threads{dc=\"a\"} "}) {
    CAF_MESSAGE(sample);
    CHECK(text.find(sample) != text.npos);
  }
}

TEST(families of others are part of the text) {
  daemon_metrics x{label_list{}};
  prometheus::BuildGauge().Name("other").Help("Other.").Register(x.registry()).Add({}).Set(7);
  x.in_flight.Set(3);
  auto text = x.text();
  CHECK(text.find("\nother 7\n") != text.npos);
  CHECK(text.find("\npgstatsmon_in_flight 3\n") != text.npos);
  x.set_labels({{"dc", "b"}});
  CHECK(x.text().find("\nother{dc=\"b\"} 7\n") != text.npos);
}

TEST(the certificate has a metric while there is one) {
  daemon_metrics x{label_list{{"dc", "a"}}};
  constexpr auto* name = "pgstatsmon_web_certificate_expiry_timestamp_seconds";
  CHECK(x.text().find(name) == std::string::npos);
  x.set_certificate_expiry(1800000000);
  x.set_certificate_expiry(1900000000);
  CHECK(x.text().find(std::string{name} + "{dc=\"a\"} 1900000000\n") != std::string::npos);
  x.set_certificate_expiry({});
  x.set_certificate_expiry({});
  CHECK(x.text().find(name) == std::string::npos);
}

TEST(the process metrics are those of this process) {
  for (const auto& x : collect_process_metrics()) {
    auto value = x.metric.at(0).gauge.value;
    if (x.name == "process_open_fds")
      CHECK(value >= 3 && value < 1000);
    if (x.name == "process_resident_memory_bytes")
      CHECK(value > 1e6 && value < 1e10);
    if (x.name == "process_start_time_seconds")
      CHECK(value > 1.7e9);
    if (x.name == "pgstatsmon_heap_used_bytes")
      CHECK(value > 1e4 && value < 1e10);
    if (x.name == "process_threads")
      CHECK(value >= 1);
  }
}

TEST(the name in proc may be anything) {
  auto x = parse_process_stat("42 (a) R (b 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 "
                              "200 300 21 22 23");
  CAF_REQUIRE(x);
  CHECK_EQUAL(x->threads, 17);
  CHECK_EQUAL(x->start_ticks, 19);
  CHECK_EQUAL(x->virtual_bytes, 200);
  CHECK_EQUAL(x->resident_pages, 300);
  for (const auto* line : {"", "42 (a", "42 (a) S 1 2 3"})
    CHECK(!parse_process_stat(line));
}
