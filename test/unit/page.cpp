// The page, byte for byte, and against prometheus-cpp's serializer.
#define SUITE page
#include "actors/registry/page.hpp"

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include <prometheus/text_serializer.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <sstream>

using namespace pgstatsmon;
using namespace pgstatsmon::test;
using namespace std::string_literals;

namespace {

/// The lines of a page that begin with `prefix`.
std::vector<std::string> lines(const std::string& page, std::string_view prefix) {
  std::vector<std::string> result;
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(prefix))
      result.push_back(line);
  return result;
}

/// Samples by everything before the value.
std::map<std::string, double> parse(const std::string& page) {
  std::map<std::string, double> result;
  std::istringstream in{page};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#'))
      continue;
    auto space = line.rfind(' ');
    auto [i, added] = result.emplace(line.substr(0, space), std::strtod(&line[space], nullptr));
    CAF_REQUIRE(added);
  }
  return result;
}

// The reference writes 16 digits, which do not always bring the same double back.
bool same_number(double ours, double reference) {
  return ours == reference || std::abs(ours - reference) <= 1e-15 * std::abs(reference);
}

} // namespace

FIXTURE_SCOPE(page_tests, page_fixture)

TEST(families are grouped and named once) {
  auto a = add("a");
  auto b = add("b", {{"datacenter", "x\"y"}});
  show(a, {{{R"(table="t1")", {1, 2.5}}, {R"(table="t2")", {3, absent_sample()}}}, {{"", {7}}}});
  show(b, {{{R"(table="t1")", {4, 5}}}, {}});
  auto text = page();
  auto expected = "# HELP tables_scans Scans \\\\ \\n of a \"table\".\n"
                  "# TYPE tables_scans counter\n"
                  "tables_scans{backend=\"a\",table=\"t1\"} 1\n"
                  "tables_scans{backend=\"a\",table=\"t2\"} 3\n"
                  "tables_scans{backend=\"b\",table=\"t1\",datacenter=\"x\\\"y\"} 4\n"
                  "# HELP tables_size Size.\n"
                  "# TYPE tables_size gauge\n"
                  "tables_size{backend=\"a\",table=\"t1\"} 2.5\n"
                  "tables_size{backend=\"b\",table=\"t1\",datacenter=\"x\\\"y\"} 5\n"
                  "# HELP server_age Age.\n"
                  "# TYPE server_age gauge\n"
                  "server_age{backend=\"a\"} 7\n"
                  "# HELP pg_up ";
  CHECK_EQUAL(text.substr(0, std::string_view{expected}.size()), expected);
  CHECK(text.ends_with("\ndaemon 1\n"));
  CHECK_EQUAL(
    lines(text, "pgstatsmon_backend_series{"),
    (std::vector<std::string>{R"(pgstatsmon_backend_series{backend="a"} 4)",
                              R"(pgstatsmon_backend_series{backend="b",datacenter="x\"y"} 2)"}));
}

TEST(a page without backends has the daemon alone) {
  CHECK_EQUAL(page(), "daemon 1\n");
}

TEST(a page of any chunk size is the same) {
  for (const auto* name : {"a", "a much longer name, so that lines differ", "\"\\"})
    show(add(name, {{"static", name}}),
         {{{R"(table="t1")", {1, 2.5}}, {R"(table="a table with a long name")", {3, 1e300}}},
          {{"", {7}}}});
  auto whole = page();
  CHECK(whole.size() > 10'000);
  for (size_t chunk = 1; chunk < 300; ++chunk)
    CAF_REQUIRE(page(chunk) == whole);
  for (size_t chunk : {whole.size() - 1, whole.size(), whole.size() + 1})
    CAF_REQUIRE(page(chunk) == whole);
}

TEST(a line longer than the chunk works) {
  std::string longest(100'000, 'x');
  show(add(longest), {{{R"(table="t")", {1, 2}}}, {}});
  auto text = page(1000);
  CHECK(text == page());
  auto found = lines(text, "tables_scans{");
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CHECK(found[0] == "tables_scans{backend=\"" + longest + R"(",table="t"} 1)");
}

TEST(a page shows the blocks it began with) {
  auto a = add("a");
  show(a, {{{R"(table="t1")", {1, 2}}}, {}});
  auto reader = read_page();
  auto before = rest_of(reader, 64);
  reader = read_page();
  std::string text(64, '\0');
  text.resize(reader.read(text.data(), text.size()));
  show(a, {{{R"(table="t2")", {3, 4}}}, {}});
  CHECK_EQUAL(text + rest_of(reader, 64), before);
  CHECK(page() != before);
}

TEST(a page of some queries has their data and times and whether a backend is up) {
  show(add("a"), {{{R"(table="t")", {1, 2}}}, {{"", {7}}}});
  page_reader reader{std::make_shared<const entry_list>(backends),
                     make_layout(queries, own_metrics::contract, {"server"}), nullptr};
  auto text = rest_of(reader, 1 << 20);
  CHECK_EQUAL(lines(text, "server_age{"), std::vector{R"(server_age{backend="a"} 7)"s});
  CHECK_EQUAL(lines(text, "pg_up{"), std::vector{R"(pg_up{backend="a"} 0)"s});
  CHECK_EQUAL(lines(text, "server_querytime_ms_count{"),
              std::vector{R"(server_querytime_ms_count{backend="a"} 0)"s});
  CHECK_EQUAL(lines(text, "# TYPE ").size(), 3u);
}

TEST(the end of a page stays the end) {
  auto reader = read_page();
  rest_of(reader, 10);
  char byte = 0;
  CHECK_EQUAL(reader.read(&byte, 1), 0u);
}

TEST(blocks and counts of another catalogue are left out) {
  auto old = std::make_shared<const catalogue>(queries->queries());
  auto a = std::make_shared<entry>(named("a"), 1, std::make_shared<backend_metrics>(old));
  a->metrics->connects = 1;
  section rows{2};
  rows.add_row(R"(table="t1")");
  rows.set(0, 1);
  a->samples = std::make_shared<const block>(
    old, std::vector{std::make_shared<const section>(rows), section_ptr{}});
  backends.push_back(a);
  auto text = page();
  CHECK(lines(text, "tables_scans{").empty());
  CHECK(lines(text, "pg_query_error{").empty());
  CHECK_EQUAL(lines(text, "pg_up{").size(), 1u);
  CHECK_EQUAL(lines(text, R"(pgstatsmon_backend_series{backend="a"} 0)").size(), 1u);
}

TEST(other databases stand behind the own one family by family) {
  auto a = add("a");
  show(a, {{{R"(datname="own",table="t")", {1, 2}}}, {{"", {7}}}});
  a->databases = std::make_shared<const block_list>(
    block_list{make_block({{{R"(datname="x",table="t")", {3, 4}}}}),
               make_block({{{R"(datname="y",table="t")", {5, 6}}}})});
  auto b = add("b");
  show(b, {{{R"(table="t")", {8, 9}}}});
  auto whole = page();
  CHECK_EQUAL(lines(whole, "tables_scans{"),
              (std::vector<std::string>{R"(tables_scans{backend="a",datname="own",table="t"} 1)",
                                        R"(tables_scans{backend="a",datname="x",table="t"} 3)",
                                        R"(tables_scans{backend="a",datname="y",table="t"} 5)",
                                        R"(tables_scans{backend="b",table="t"} 8)"}));
  CHECK_EQUAL(lines(whole, "server_age{").size(), 1u);
  CHECK_EQUAL(lines(whole, R"(pgstatsmon_backend_series{backend="a"} 7)").size(), 1u);
  for (size_t chunk : {1, 7, 100})
    CHECK_EQUAL(page(chunk), whole);
}

TEST(databases are told of only where they are watched) {
  auto a = add("a");
  add("b");
  auto all = std::make_shared<database_report>();
  database_state x;
  x.labels = R"(datname="x")";
  x.tried = true;
  database_state y;
  y.labels = R"(datname="y")";
  all->watched = {std::make_shared<const database_state>(x),
                  std::make_shared<const database_state>(y)};
  all->excluded = 2;
  a->metrics->databases = all;
  auto text = page();
  CHECK_EQUAL(lines(text, "pgstatsmon_database_up{"),
              (std::vector<std::string>{R"(pgstatsmon_database_up{backend="a",datname=""} 0)",
                                        R"(pgstatsmon_database_up{backend="a",datname="x"} 0)"}));
  CHECK_EQUAL(
    lines(text, "pgstatsmon_databases{"),
    (std::vector<std::string>{R"(pgstatsmon_databases{backend="a",state="watched"} 3)",
                              R"(pgstatsmon_databases{backend="a",state="excluded"} 2)",
                              R"(pgstatsmon_databases{backend="a",state="beyond_max"} 0)"}));
}

TEST(everything of a backend that was connected exists at zero) {
  add("a");
  auto samples = parse(page());
  auto at = [&](const std::string& name, const std::string& labels = "") {
    auto i = samples.find(name + "{backend=\"a\"" + labels + "}");
    if (i == samples.end())
      CAF_FAIL("no " << name << labels);
    return i->second;
  };
  for (const auto* name :
       {"pg_up", "pg_query_count", "pg_connect_error", "pgstatsmon_backend_round_trip_seconds",
        "pgstatsmon_backend_last_success_timestamp_seconds", "pgstatsmon_backend_restarts_total",
        "pgstatsmon_backend_series", "pgstatsmon_polls_skipped_total",
        "pgstatsmon_poll_duration_seconds_count", "pgstatsmon_poll_duration_seconds_sum",
        "tables_querytime_ms_count", "server_querytime_ms_sum"})
    CHECK_EQUAL(at(name), 0);
  for (const auto* query : {"tables", "server"})
    for (const auto* name :
         {"pg_query_error", "pg_query_timeout", "pgstatsmon_duplicate_rows_total"})
      CHECK_EQUAL(at(name, fmt::format(R"(,query="{}")", query)), 0);
  CHECK_EQUAL(at("pg_NaN_error", R"(,query="tables",name="tables_size")"), 0);
  CHECK_EQUAL(at("pg_NaN_error", R"(,query="server",name="server_age")"), 0);
  for (auto x : all_failures)
    if (x == failure::stats_users)
      CHECK(!samples.contains(
        R"(pgstatsmon_backend_failures_total{backend="a",reason="stats_users"})"));
    else
      CHECK_EQUAL(
        at("pgstatsmon_backend_failures_total", fmt::format(R"(,reason="{}")", to_string_view(x))),
        0);
  for (auto x : all_backend_states)
    CHECK_EQUAL(at("pgstatsmon_backend_state", fmt::format(R"(,state="{}")", to_string_view(x))),
                x == backend_state::connecting ? 1 : 0);
  for (auto x : all_setup_states)
    CHECK_EQUAL(at("pgstatsmon_backend_setup", fmt::format(R"(,state="{}")", to_string_view(x))),
                x == setup_state::unknown ? 1 : 0);
  CHECK_EQUAL(at("pgstatsmon_backend_info", R"(,version="unknown",role="unknown")"), 1);
  CHECK_EQUAL(at("tables_querytime_ms_bucket", R"(,le="0.5")"), 0);
  CHECK_EQUAL(at("tables_querytime_ms_bucket", R"(,le="+Inf")"), 0);
}

TEST(what is counted is shown) {
  auto a = add("a");
  auto& m = *a->metrics;
  m.up = true;
  m.state = backend_state::polling;
  m.server_version = 150018;
  m.role = server_role::standby;
  m.last_success = 1700000000.25;
  m.count_failure(failure::tls);
  m.count_failure(failure::none);
  m.query(1).errors = 3;
  m.query(0).count_bad(1, 2);
  auto text = page();
  for (const auto* line :
       {R"(pg_up{backend="a"} 1)", R"(pgstatsmon_backend_state{backend="a",state="polling"} 1)",
        R"(pgstatsmon_backend_state{backend="a",state="connecting"} 0)",
        R"(pgstatsmon_backend_info{backend="a",version="15.18",role="standby"} 1)",
        R"(pgstatsmon_backend_last_success_timestamp_seconds{backend="a"} 1700000000.25)",
        R"(pgstatsmon_backend_failures_total{backend="a",reason="tls"} 1)",
        R"(pgstatsmon_backend_failures_total{backend="a",reason="auth"} 0)",
        R"(pg_query_error{backend="a",query="server"} 3)",
        R"(pg_NaN_error{backend="a",query="tables",name="tables_size"} 2)"})
    CHECK_EQUAL(lines(text, line).size(), 1u);
}

TEST(histograms are cumulative and end in their count) {
  auto a = add("a", {{"dc", "x"}});
  for (double x : {0.25, 0.5, 0.75, 30.0, 1e6})
    a->metrics->answered(0, x);
  auto text = lines(page(), "tables_querytime_ms");
  CHECK_EQUAL(text.size(), query_time_bounds.size() + 3);
  CHECK_EQUAL(text[0], R"(tables_querytime_ms_bucket{backend="a",le="0.5",dc="x"} 2)");
  CHECK_EQUAL(text[1], R"(tables_querytime_ms_bucket{backend="a",le="1",dc="x"} 3)");
  CHECK_EQUAL(text[6], R"(tables_querytime_ms_bucket{backend="a",le="50",dc="x"} 4)");
  CHECK_EQUAL(text[11], R"(tables_querytime_ms_bucket{backend="a",le="5000",dc="x"} 4)");
  CHECK_EQUAL(text[12], R"(tables_querytime_ms_bucket{backend="a",le="+Inf",dc="x"} 5)");
  CHECK_EQUAL(text[13], R"(tables_querytime_ms_sum{backend="a",dc="x"} 1000031.5)");
  CHECK_EQUAL(text[14], R"(tables_querytime_ms_count{backend="a",dc="x"} 5)");
}

TEST(versions are written as people do) {
  CHECK_EQUAL(version_text(0), "unknown");
  CHECK_EQUAL(version_text(90224), "9.2.24");
  CHECK_EQUAL(version_text(90624), "9.6.24");
  CHECK_EQUAL(version_text(100000), "10.0");
  CHECK_EQUAL(version_text(150018), "15.18");
  CHECK_EQUAL(version_text(180001), "18.1");
}

TEST(random samples are those of the reference serializer) {
  std::mt19937_64 random{2};
  auto pick = [&](size_t n) { return random() % n; };
  const std::string pieces[] = {"a", "table", "\"", "\\", "\n", "é", "😀", " ", "}", ",", "="};
  const double numbers[] = {0, 1, -1, 0.1, 1e-9, 1e17, 1e300, HUGE_VAL, -HUGE_VAL, 12345678};
  std::vector<prometheus::MetricFamily> families(3);
  for (size_t i = 0; i < 3; ++i) {
    families[i].name = i == 2 ? "server_age" : queries->queries()[0].metrics[i].family;
    families[i].type = prometheus::MetricType::Gauge;
  }
  auto expect_sample = [&](size_t family, prometheus::ClientMetric x, double value) {
    x.gauge.value = value;
    families[family].metric.push_back(std::move(x));
  };
  for (int i = 0; i < 20; ++i) {
    auto name = std::to_string(i);
    for (size_t j = 0; j < pick(4); ++j)
      name += pieces[pick(std::size(pieces))];
    label_list fixed;
    if (pick(2) == 0)
      fixed = {{"dc", name}};
    table_rows tables;
    for (size_t row = 0; row < pick(30); ++row) {
      auto table = std::to_string(row);
      for (size_t j = 0; j < pick(8); ++j)
        table += pieces[pick(std::size(pieces))];
      std::vector<double> values{numbers[pick(std::size(numbers))],
                                 pick(5) == 0 ? absent_sample()
                                              : std::ldexp(static_cast<double>(random()), -40)};
      tables.push_back({render_labels({{"table", table}}), values});
      prometheus::ClientMetric expected;
      expected.label = {{"backend", name}, {"table", table}};
      if (!fixed.empty())
        expected.label.push_back({"dc", name});
      for (size_t j = 0; j < 2; ++j)
        if (!is_absent(values[j]))
          expect_sample(j, expected, values[j]);
    }
    show(add(name, fixed), {tables, {}});
  }
  std::ostringstream reference;
  prometheus::TextSerializer{}.Serialize(reference, families);
  auto expected = parse(reference.str());
  CHECK(expected.size() > 100);
  size_t seen = 0;
  for (const auto& [key, value] : parse(page())) {
    if (!key.starts_with("tables_s") && !key.starts_with("server_age"))
      continue;
    ++seen;
    auto i = expected.find(key);
    CAF_REQUIRE(i != expected.end());
    CAF_REQUIRE(same_number(value, i->second));
  }
  CHECK_EQUAL(seen, expected.size());
}

TEST(a backend that was never connected has a few lines) {
  auto a = add("a");
  a->metrics->connects = 0;
  a->metrics->state = backend_state::backoff;
  a->metrics->count_failure(failure::refused);
  a->metrics->connect_errors = 2;
  auto samples = parse(page());
  std::set<std::string> expected{
    R"(pg_up{backend="a"})",
    R"(pg_connect_error{backend="a"})",
    R"(pgstatsmon_backend_info{backend="a",version="unknown",role="unknown"})",
    R"(pgstatsmon_backend_state{backend="a",state="backoff"})",
    R"(pgstatsmon_backend_setup{backend="a",state="unknown"})",
    R"(pgstatsmon_backend_failures_total{backend="a",reason="refused"})",
    R"(pgstatsmon_backend_last_success_timestamp_seconds{backend="a"})",
  };
  std::set<std::string> found;
  for (const auto& [series, value] : samples)
    if (series.find("backend=\"a\"") != std::string::npos)
      found.insert(series);
  CHECK_EQUAL(found, expected);
}

TEST(a backend is not up before its first block) {
  auto a = add("a");
  a->metrics->up = true;
  a->answered = false;
  CHECK(page().find(R"(pg_up{backend="a"} 0)") != std::string::npos);
  a->answered = true;
  CHECK(page().find(R"(pg_up{backend="a"} 1)") != std::string::npos);
}

TEST(a first block that comes while a page is written waits for the next page) {
  auto a = add("a");
  a->answered = false;
  auto reader = read_page();
  show(a, {{{"", {1, 2}}}, {}});
  a->answered = true;
  a->metrics->up = true;
  auto text = rest_of(reader, 1U << 20U);
  CHECK(text.find("tables_scans{") == std::string::npos);
  CHECK(text.find(R"(pg_up{backend="a"} 0)") != std::string::npos);
  text = page();
  CHECK(text.find("tables_scans{") != std::string::npos);
  CHECK(text.find(R"(pg_up{backend="a"} 1)") != std::string::npos);
}

TEST(a pgbouncer is up or down under its own name) {
  auto server = add("server");
  auto value = named("bouncer");
  value.kind = backend_kind::pgbouncer;
  backends.push_back(std::make_shared<entry>(value, 2, std::make_shared<backend_metrics>(queries)));
  auto console = backends.back();
  console->metrics->connects = 1;
  server->metrics->up = console->metrics->up = true;
  console->answered = true;
  auto samples = parse(page());
  auto has = [&](const std::string& series) { return samples.contains(series); };
  CHECK(has(R"(pg_up{backend="server"})"));
  CHECK(!has(R"(pg_up{backend="bouncer"})"));
  CHECK(has(R"(pgbouncer_up{backend="bouncer"})"));
  CHECK(!has(R"(pgbouncer_up{backend="server"})"));
  CHECK(has(R"(pgstatsmon_backend_failures_total{backend="bouncer",reason="stats_users"})"));
  CHECK(!has(R"(pgstatsmon_backend_setup{backend="bouncer",state="unknown"})"));
  // Nothing of queries that it is never asked.
  for (const auto& [series, x] : samples)
    CHECK(series.find("bouncer") == std::string::npos
          || (series.find("query=") == std::string::npos
              && series.find("querytime") == std::string::npos));
}

FIXTURE_SCOPE_END()
