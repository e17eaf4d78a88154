// What is counted about clients of etcd: whose series there are, and what they say.
#define SUITE etcd_metrics
#include "actors/etcd/etcd_metrics.hpp"

#include "test/unit/test.hpp"

#include <prometheus/text_serializer.h>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

struct fixture {
  bool shows(const std::string& line) {
    return prometheus::TextSerializer{}.Serialize(registry.Collect()).find(line + '\n')
           != std::string::npos;
  }

  prometheus::Registry registry;
  etcd_families families{registry};
};

} // namespace

FIXTURE_SCOPE(etcd_metrics_tests, fixture)

TEST(counts of a client are on the page) {
  auto x = families.of("cluster");
  CHECK(shows("pgstatsmon_etcd_failures_total{client=\"cluster\",reason=\"other_cluster\"} 0"));
  etcd_counts counts{.requests = 3, .watch_restarts = 1};
  counts.failures[static_cast<size_t>(etcd_failure::lost)] = 2;
  x->add(counts, {2ms, 30ms});
  x->add(counts, {});
  CHECK(shows("pgstatsmon_etcd_requests_total{client=\"cluster\"} 6"));
  CHECK(shows("pgstatsmon_etcd_failures_total{client=\"cluster\",reason=\"lost\"} 4"));
  CHECK(shows("pgstatsmon_etcd_watch_restarts_total{client=\"cluster\"} 2"));
  CHECK(shows("pgstatsmon_etcd_request_seconds_bucket{client=\"cluster\",le=\"0.0025\"} 1"));
  CHECK(shows("pgstatsmon_etcd_request_seconds_count{client=\"cluster\"} 2"));
}

TEST(series stay until nobody has them) {
  auto old = families.of("a");
  auto next = families.of("a");
  old.reset();
  next->add({.requests = 1}, {});
  CHECK(shows("pgstatsmon_etcd_requests_total{client=\"a\"} 1"));
  next.reset();
  CHECK(!shows("pgstatsmon_etcd_requests_total{client=\"a\"} 1"));
  auto again = families.of("a");
  CHECK(shows("pgstatsmon_etcd_requests_total{client=\"a\"} 0"));
}

TEST(what has come since is a difference) {
  etcd_counts before{.requests = 1};
  etcd_counts now{.requests = 4, .watch_restarts = 2};
  now.failures[3] = 1;
  auto x = now - before;
  CHECK_EQUAL(x.requests, 3u);
  CHECK_EQUAL(x.failures[3], 1u);
  CHECK_EQUAL(x.watch_restarts, 2u);
}

FIXTURE_SCOPE_END()
