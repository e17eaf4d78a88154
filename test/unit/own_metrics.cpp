// What the page has of our own counts, as `own_metrics` asks for it.
#define SUITE own_metrics

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include "actors/registry/daemon_metrics.hpp"

#include <algorithm>
#include <set>
#include <thread>

using namespace pgstatsmon;

namespace {

struct fixture : test::page_fixture {
  fixture() {
    auto all = queries->queries();
    all[1].set = "basic"; // `server` is not the original's
    queries = std::make_shared<const catalogue>(all);
  }

  /// Names of the series of backend `a`, without what all of one family have.
  std::set<std::string> series() const {
    std::set<std::string> result;
    auto text = page();
    for (size_t at = 0; at < text.size();) {
      auto line = text.substr(at, text.find('\n', at) - at);
      at += line.size() + 1;
      if (line.find("{backend=\"a\"") != std::string::npos)
        result.insert(line.substr(0, line.rfind(' ')));
    }
    return result;
  }

  bool has(const std::string& name) const {
    return std::ranges::any_of(series(), [&](const auto& x) { return x.starts_with(name + '{'); });
  }
};

using names = std::set<std::string>;

} // namespace

FIXTURE_SCOPE(own_metrics_tests, fixture)

TEST(full has every query from the start) {
  shown = own_metrics::full;
  add("a")->metrics->connects = 0;
  for (const auto* name :
       {"tables_querytime_ms_bucket", "server_querytime_ms_bucket", "server_querytime_ms_count"})
    CHECK(has(name));
  auto all = series();
  for (const auto* x : {R"(pg_query_error{backend="a",query="server"})",
                        R"(pg_NaN_error{backend="a",query="server",name="server_age"})",
                        R"(pgstatsmon_backend_failures_total{backend="a",reason="tls"})"})
    CHECK(all.contains(x));
}

TEST(contract has histograms of the original alone) {
  auto a = add("a");
  CHECK(has("tables_querytime_ms_bucket"));
  CHECK(!has("server_querytime_ms_bucket"));
  CHECK(!has("pgstatsmon_query_answers_total"));
  a->metrics->answered(1, 20);
  CHECK(!has("server_querytime_ms_bucket"));
  CHECK(page().find(R"(pgstatsmon_query_seconds_total{backend="a",query="server"} 0.02)")
        != std::string::npos);
}

TEST(minimal has what happened) {
  auto a = add("a");
  shown = own_metrics::minimal;
  a->metrics->state = backend_state::polling;
  CHECK_EQUAL(series(),
              (names{R"(pg_up{backend="a"})", R"(pgstatsmon_backend_connects_total{backend="a"})",
                     R"(pgstatsmon_backend_state{backend="a",state="polling"})",
                     R"(pgstatsmon_backend_last_success_timestamp_seconds{backend="a"})"}));
  a->metrics->count_failure(failure::tls);
  a->metrics->query(1).planned = true;
  a->metrics->query(1).errors = 1;
  auto all = series();
  CHECK(all.contains(R"(pgstatsmon_backend_failures_total{backend="a",reason="tls"})"));
  CHECK(all.contains(R"(pg_query_error{backend="a",query="server"})"));
  CHECK_EQUAL(all.size(), 6u);
}

TEST(minimal has no times of a backend) {
  daemon_metrics daemon{{}};
  daemon.fleet.show(own_metrics::minimal);
  backend_metrics counts{queries, &daemon.fleet};
  counts.answered(0, 30);
  CHECK(counts.query(0).times.get() == nullptr);
  auto a = add("a");
  a->metrics->answered(0, 30);
  a->metrics->answered(1, 30);
  a->metrics->poll_seconds.observe(1);
  shown = own_metrics::minimal;
  for (const auto* name :
       {"tables_querytime_ms_count", "pgstatsmon_query_seconds_total",
        "pgstatsmon_query_answers_total", "pgstatsmon_poll_duration_seconds_sum"})
    CHECK(!has(name));
}

TEST(of a backend that was never connected contract has a few lines) {
  add("a")->metrics->connects = 0;
  CHECK_EQUAL(series(),
              (names{R"(pg_up{backend="a"})", R"(pg_connect_error{backend="a"})",
                     R"(pgstatsmon_backend_state{backend="a",state="connecting"})",
                     R"(pgstatsmon_backend_setup{backend="a",state="unknown"})",
                     R"(pgstatsmon_backend_info{backend="a",version="unknown",role="unknown"})",
                     R"(pgstatsmon_backend_last_success_timestamp_seconds{backend="a"})"}));
}

TEST(a histogram that is not empty is whole where zeros are left out) {
  auto a = add("a");
  a->metrics->connects = 0;
  a->metrics->answered(0, 30);
  auto all = series();
  CHECK(all.contains(R"(tables_querytime_ms_bucket{backend="a",le="0.5"})"));
  CHECK(all.contains(R"(tables_querytime_ms_bucket{backend="a",le="+Inf"})"));
  CHECK_EQUAL(all.size(), 6 + query_time_bounds.size() + 3);
}

TEST(threads that count the first bad values at once lose none) {
  constexpr uint64_t each = 100;
  for (int round = 0; round < 20; ++round) {
    backend_metrics x{queries};
    {
      auto count = [&] {
        for (uint64_t i = 0; i < each; ++i)
          x.query(0).count_bad(1, 1);
      };
      std::jthread query{count};
      std::jthread visitor{count};
    }
    CHECK_EQUAL(x.query(0).bad(0), 0u);
    CHECK_EQUAL(x.query(0).bad(1), 2 * each);
    CHECK_EQUAL(x.query(0).all_bad(), 2 * each);
  }
}

TEST(what nobody observed takes no memory) {
  backend_metrics x{queries};
  CHECK(x.query(0).times.get() == nullptr);
  x.answered(0, 1);
  x.answered(1, 1);
  REQUIRE(x.query(0).times.get() != nullptr);
  CHECK_EQUAL(x.query(0).times.get()->count(), 1u);
  CHECK(x.query(1).times.get() == nullptr);
  CHECK_EQUAL(x.query(1).answers.load(), 1u);
}

TEST(the fleet has one histogram for each query and follows the option) {
  daemon_metrics daemon{{}};
  backend_metrics one{queries, &daemon.fleet};
  backend_metrics other{queries, &daemon.fleet};
  one.answered(1, 2);
  other.answered(1, 4);
  auto text = daemon.text();
  auto count = R"(pgstatsmon_query_duration_seconds_count{query="server"} 2)";
  CHECK(text.find(count) != std::string::npos);
  CHECK(text.find(R"(pgstatsmon_query_duration_seconds_count{query="tables"})")
        == std::string::npos);
  CHECK(one.query(1).times.get() == nullptr);
  daemon.fleet.show(own_metrics::full);
  one.answered(1, 2);
  REQUIRE(one.query(1).times.get() != nullptr);
  CHECK_EQUAL(one.query(1).times.get()->count(), 1u);
}

FIXTURE_SCOPE_END()
