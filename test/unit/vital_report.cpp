// What people and programs read of vital signs.
#define SUITE vital_report

#include "test/unit/page_fixture.hpp"
#include "test/unit/test.hpp"

#include "actors/console/fit.hpp"
#include "actors/console/reports.hpp"
#include "actors/console/vital_cells.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using json = nlohmann::ordered_json;
using sign = vital_sign;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::string number(double x) {
  return short_number(x).text;
}

std::string seconds(double x) {
  return short_seconds(x).text;
}

std::string poll_time(caf::timespan x) {
  return short_poll(x).text;
}

struct fixture : test::page_fixture {
  entry_ptr add_good(const std::string& name) {
    auto x = add(name);
    auto& m = *x->metrics;
    m.up = true;
    m.state = backend_state::ready;
    m.role = server_role::primary;
    m.last_success = now.unix_seconds - 1;
    auto trace = std::make_shared<poll_trace>();
    trace->duration = 6800us;
    m.history.set_last_poll(std::move(trace));
    show(x, {});
    return x;
  }

  /// A poll so long ago.
  void poll_of(const entry_ptr& x, caf::timespan ago, const vital_values& values) const {
    vital_reading reading;
    reading.values = values;
    reading.fresh = ~uint32_t{0};
    reading.when = now.steady - ago;
    reading.took = 6800us;
    x->metrics->vitals.make().add(reading);
  }

  /// With 250 transactions a second.
  void two_polls(const entry_ptr& x, vital_values values) const {
    values[sign::transactions] = 1000;
    poll_of(x, 11s, values);
    values[sign::transactions] = 3500;
    poll_of(x, 1s, values);
  }

  std::string line_of(const report& x, std::string_view name) const {
    auto text = to_text(x);
    auto begin = text.find("\n" + std::string{name} + " ") + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  report top() const { return fitted(top_report(backends, fleet, pulse, now, 20), 80); }

  look_time now{std::chrono::steady_clock::time_point{30'015s}, 1'700'000'000};
  heartbeat pulse{now.steady};
  fleet_view fleet;
};

} // namespace

FIXTURE_SCOPE(vital_report_tests, fixture)

TEST(short numbers have four characters at most) {
  CHECK_EQUAL(number(0), "0");
  CHECK_EQUAL(number(0.003), "<0.1");
  CHECK_EQUAL(number(0.25), "0.2");
  CHECK_EQUAL(number(3), "3");
  CHECK_EQUAL(number(9.97), "10");
  CHECK_EQUAL(number(999.4), "999");
  CHECK_EQUAL(number(999.6), "1.0k");
  CHECK_EQUAL(number(12'345), "12k");
  CHECK_EQUAL(number(999'600), "1.0M");
  CHECK_EQUAL(number(45e6), "45M");
  CHECK_EQUAL(number(unknown), "-");
  CHECK(short_number(12'345.678).json == json(12'345.7));
}

TEST(short times have four characters at most) {
  CHECK_EQUAL(seconds(0), "0");
  CHECK_EQUAL(seconds(0.3), "0.3s");
  CHECK_EQUAL(seconds(12.4), "12s");
  CHECK_EQUAL(seconds(99.6), "2m");
  CHECK_EQUAL(seconds(99 * 60), "99m");
  CHECK_EQUAL(seconds(100 * 60), "2h");
  CHECK_EQUAL(seconds(47 * 3600), "47h");
  CHECK_EQUAL(seconds(9 * 86400), "9d");
  CHECK_EQUAL(poll_time(400us), "0.4ms");
  CHECK_EQUAL(poll_time(45ms), "45ms");
  CHECK_EQUAL(poll_time(999'600us), "1.0s");
  CHECK_EQUAL(poll_time(12s), "12s");
}

TEST(a sign has its unit) {
  CHECK(vital_cell(vital_unit::bytes, 1536).text == "1.5 KiB");
  CHECK(vital_cell(vital_unit::seconds, 0).text == "0 s");
  CHECK(vital_cell(vital_unit::seconds, 300).text == "5 min");
  CHECK(vital_cell(vital_unit::number, 12'345'678).text == "12M");
  CHECK(vital_cell(vital_unit::number, 0.0123).text == "0.012");
  CHECK(vital_cell(vital_unit::number, 1234.5).text == "1,235");
  CHECK(vital_cell(vital_unit::number, -1).text == "-1");
  CHECK(vital_cell(vital_unit::number, unknown).text == "-");
  CHECK(vital_cell(vital_unit::number, unknown).json.is_null());
  CHECK(json_number(std::numeric_limits<double>::infinity()).is_null());
}

TEST(a chart begins at 0) {
  CHECK_EQUAL(sparkline({0, 1, 50, 100}), "▁▂▅█");
  CHECK_EQUAL(sparkline({unknown, 7, 7}), " ██");
  CHECK_EQUAL(sparkline({0, 0}), "▁▁");
  CHECK_EQUAL(sparkline({}), "");
}

TEST(long names keep both ends) {
  CHECK_EQUAL(shortened("abcdef", 6), "abcdef");
  CHECK_EQUAL(shortened("abcdefghij", 6), "abc…ij");
  CHECK_EQUAL(shortened("größenwahn", 5), "gr…hn");
  CHECK_EQUAL(width_of(shortened("größenwahn", 5)), 5u);
}

TEST(a column may be for JSON alone) {
  table x{{}, {}, {{"a", "a"}, {"b", "b"}, {"c", "c"}}, {{count(1), count(2), count(3)}}};
  x.columns[0].shown = false;
  CHECK_EQUAL(to_text({x}), "b  c\n2  3\n");
  auto rows = to_json({x});
  CHECK_EQUAL(rows[0], (json{{"a", 1}, {"b", 2}, {"c", 3}}));
  CHECK_EQUAL(text_width(x), 4u);
}

TEST(a backend without a block has no signs) {
  auto x = add("one");
  CHECK(!vitals_table(*x, now));
  CHECK(!vitals_now(*x).has(sign::lag));
  auto hour = to_json(history_report(*x, now));
  CHECK_EQUAL(hour["backend"], "one");
  CHECK(hour["points"].empty());
}

TEST(signs are shown as they are and were) {
  auto x = add_good("one");
  vital_values values;
  values[sign::sessions_active] = 7;
  values[sign::slots_wal] = 3 << 20;
  poll_of(x, 35min, values);
  values[sign::sessions_active] = 3;
  two_polls(x, values);
  auto all = to_json(backend_report(*x, fleet_view{}, now, false))["vital_signs"];
  REQUIRE(all.size() == 4u); // those that are known, and up
  CHECK_EQUAL(all[0], (json{{"sign", "transactions"}, {"now", 250.0}, {"most", 250.0}}));
  CHECK_EQUAL(all[1], (json{{"sign", "sessions_active"}, {"now", 3.0}, {"most", 7.0}}));
  auto line = line_of({*vitals_table(*x, now)}, "sessions active");
  auto chart = line.substr(line.find("█"));
  CHECK_EQUAL(width_of(chart), 18u);
  CHECK(chart.ends_with(" ▅"));
  CHECK(line_of({*vitals_table(*x, now)}, "WAL kept by slots").find("  3.0 MiB  3.0 MiB  ")
        != std::string::npos);
}

TEST(what was is shown of a backend that is down and what is not ) {
  auto x = add_good("one");
  two_polls(x, {});
  x->metrics->up = false;
  auto all = to_json({*vitals_table(*x, now)});
  CHECK(all[0]["now"].is_null());
  CHECK_EQUAL(all[0]["most"], 250.0);
}

TEST(what is stale is not shown as it is now) {
  auto x = add_good("one");
  two_polls(x, {});
  CHECK(vitals_now(*x).has(sign::transactions));
  x->samples = block_ptr{};
  CHECK(!vitals_now(*x).has(sign::transactions));
}

TEST(signs fit a line of 80 characters) {
  auto x = add_good("one");
  vital_values values;
  for (const auto& each : all_vital_signs)
    values[each.sign] = 1e12;
  for (int i = 0; i < 120; ++i) {
    poll_of(x, (120 - i) * 30s, values);
    for (const auto& each : all_vital_signs)
      values[each.sign] += each.counter ? 3e9 : 0;
  }
  auto signs = *vitals_table(*x, now);
  CHECK_EQUAL(signs.rows.size(), vital_sign_count + 1);
  CHECK(text_width(signs) <= 80);
}

TEST(the hour is a list of points) {
  auto x = add_good("one");
  vital_values values;
  values[sign::lag] = 4;
  two_polls(x, values);
  x->metrics->vitals.make().look(now.steady, true);
  auto hour = to_json(history_report(*x, now));
  CHECK_EQUAL(hour["point_seconds"], 30.0);
  CHECK_EQUAL(hour["signs"].size(), vital_sign_count);
  CHECK_EQUAL(hour["signs"][0],
              (json{{"sign", "transactions"}, {"unit", "1/s"}, {"of_a_point", "mean"}}));
  REQUIRE(hour["points"].size() == 1u);
  const auto& point = hour["points"][0];
  CHECK_EQUAL(point.size(), vital_sign_count + 3);
  // The clock is at the half of a point.
  CHECK_EQUAL(point["time"], 1'700'000'000 - 15);
  CHECK_EQUAL(point["up"], 1.0);
  CHECK_EQUAL(point["transactions"], 250.0);
  CHECK_EQUAL(point["lag"], 4.0);
  CHECK(point["deadlocks"].is_null());
}

TEST(top says how servers are) {
  auto x = add_good("one");
  vital_values values;
  values[sign::sessions_active] = 12;
  values[sign::sessions_waiting] = 0;
  values[sign::sessions_idle_in_transaction] = 2;
  values[sign::lag] = 0;
  values[sign::oldest_transaction] = 340;
  two_polls(x, values);
  add("two");
  CHECK_EQUAL(line_of(top(), "backend"),
              "backend  is          age   poll  tx/s  act  wait  idle  lag  xact  address");
  CHECK_EQUAL(line_of(top(), "one"),
              "one      primary      1s  6.8ms   250   12     0     2    0    6m  :5432");
  CHECK_EQUAL(line_of(top(), "two"),
              "two      connecting    -      -     -    -     -     -    -     -  :5432");
  auto rows = to_json(top_report(backends, fleet, pulse, now, 20))["backends"];
  CHECK_EQUAL(rows[0]["backend"], "two");
  CHECK_EQUAL(rows[1]["oldest_transaction"], 340.0);
  CHECK_EQUAL(rows[1]["state"], "ready");
  CHECK(!rows[1].contains("is"));
}

TEST(a word says what is wrong with a backend) {
  auto is = [&](std::string_view name) {
    auto line = line_of(top(), name);
    auto begin = line.find_first_not_of(' ', name.size());
    return line.substr(begin, line.find(' ', begin) - begin);
  };
  auto& m = *add_good("one")->metrics;
  CHECK_EQUAL(is("one"), "primary");
  auto place = [&](size_t writable, const member_view& x) {
    cluster_view cluster;
    cluster.writable = writable;
    cluster.members = {x};
    fleet.clusters = {std::make_shared<const cluster_view>(cluster)};
  };
  member_view one;
  one.entries = {"one"};
  one.fresh = true;
  place(1, one);
  CHECK_EQUAL(is("one"), "primary");
  place(2, one);
  CHECK_EQUAL(is("one"), "split");
  one.diverged = true;
  place(2, one);
  CHECK_EQUAL(is("one"), "diverged");
  one = {.entries = {"one"}, .fresh = true, .standby = true, .attached = true};
  place(1, one);
  CHECK_EQUAL(is("one"), "primary");
  one.attached = false;
  place(1, one);
  CHECK_EQUAL(is("one"), "detached");
  one.fresh = false;
  place(1, one);
  CHECK_EQUAL(is("one"), "primary");
  m.last_failure = failure::refused;
  CHECK_EQUAL(is("one"), "refused");
  m.paused = true;
  CHECK_EQUAL(is("one"), "paused");
}

TEST(servers with sessions that wait are worse than others that work) {
  vital_values waiting;
  waiting[sign::sessions_waiting] = 3;
  add_good("fine");
  two_polls(add_good("waiting"), waiting);
  add("never");
  auto rows = to_json(top_report(backends, fleet, pulse, now, 20))["backends"];
  CHECK_EQUAL(rows[0]["backend"], "never");
  CHECK_EQUAL(rows[1]["backend"], "waiting");
  cluster_view cluster;
  cluster.members = {{.entries = {"fine"}, .fresh = true, .standby = true, .attached = false}};
  fleet.clusters = {std::make_shared<const cluster_view>(cluster)};
  rows = to_json(top_report(backends, fleet, pulse, now, 20))["backends"];
  CHECK_EQUAL(rows[0]["backend"], "never");
  CHECK_EQUAL(rows[1]["backend"], "fine");
}

TEST(top fits a line of 80 characters) {
  auto x = add_good("a-name-that-is-very-long-indeed.postgres.east.example.com");
  add("another-name-that-is-very-long.postgres.west.example.com")->metrics->last_failure =
    failure::too_many_connections;
  vital_values values;
  for (const auto& each : all_vital_signs)
    values[each.sign] = each.unit == vital_unit::seconds ? 86400 * 365 : 123'456'789;
  two_polls(x, values);
  auto all = top();
  CHECK(text_width(std::get<table>(all.back())) <= 80);
  CHECK(to_text(all).find("…") != std::string::npos);
  auto whole = to_json(top_report(backends, fleet, pulse, now, 20));
  CHECK_EQUAL(whole["backends"][1]["backend"], x->value.name);
}

FIXTURE_SCOPE_END()
