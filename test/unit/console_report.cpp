// Answers as text and as JSON, and what the reports say of backends, queries and ticks.
#define SUITE console_report

#include "test/unit/actor_test.hpp"
#include "test/unit/page_fixture.hpp"

#include "actors/console/reports.hpp"
#include "actors/console/stat_tables.hpp"

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using json = nlohmann::ordered_json;

std::string text_of(caf::timespan x) {
  return span(x).text;
}

struct fixture : test::page_fixture {
  fixture() {
    pulse.set_next_tick(now.steady + 3s);
    auto definitions = queries->queries();
    for (auto& x : definitions)
      x.variants = {{0, 0, server_role::unknown, {}, "SELECT 1"}};
    queries = std::make_shared<const catalogue>(std::move(definitions));
  }

  entry_ptr add_good(const std::string& name, caf::timespan poll, double age = 1) {
    auto x = add(name);
    auto& m = *x->metrics;
    m.up = true;
    m.state = backend_state::ready;
    m.history.enter(backend_state::connecting, now.steady - 10s);
    m.history.enter(backend_state::ready, now.steady - 9s);
    m.role = server_role::primary;
    m.server_version = 150018;
    m.last_success = now.unix_seconds - age;
    m.interval = 10s;
    m.next_due = now.steady + 3s;
    auto trace = std::make_shared<poll_trace>();
    trace->when = now.unix_seconds - age;
    trace->duration = poll;
    trace->queries.push_back({0, 0, true, 1ms, 2ms, poll, 5, 2048, failure::none, {}, poll - 1ms});
    trace->queries.push_back({1, 0, true, poll, poll, poll, 0, 0, failure::timeout, "57014"});
    m.history.set_last_poll(std::move(trace));
    auto plan = std::make_shared<plan_trace>(m.queries()->queries().size());
    for (size_t i = 0; i < plan->size(); ++i)
      (*plan)[i] = i < 2 ? planned_query{0, {}} : planned_query{{}, "for a standby only"};
    m.history.set_plan(std::move(plan));
    return x;
  }

  report shown(const entry_ptr& x, bool sql = false) { return backend_report(*x, fleet, now, sql); }

  look_time now{std::chrono::steady_clock::time_point{1000s}, 1'700'000'000};
  fleet_view fleet;
  heartbeat pulse{now.steady};
};

} // namespace

FIXTURE_SCOPE(console_report_tests, fixture)

TEST(spans have a unit that fits) {
  CHECK_EQUAL(text_of(0s), "0 us");
  CHECK_EQUAL(text_of(950us), "950 us");
  CHECK_EQUAL(text_of(6800us), "6.8 ms");
  CHECK_EQUAL(text_of(999'960us), "1.0 s");
  CHECK_EQUAL(text_of(12'300ms), "12.3 s");
  CHECK_EQUAL(text_of(4min + 59s), "4 min");
  CHECK_EQUAL(text_of(3h), "3 h");
  CHECK_EQUAL(text_of(72h), "3 d");
  CHECK_EQUAL(span(1500ms).json, json(1.5));
}

TEST(lengths that somebody chose are exact) {
  CHECK_EQUAL(chosen(60s).text, "1 min");
  CHECK_EQUAL(chosen(90s).text, "90 s");
  CHECK_EQUAL(chosen(1h).text, "1 h");
  CHECK_EQUAL(chosen(10s).text, "10 s");
  CHECK_EQUAL(chosen(1500ms).text, "1.5 s");
  CHECK_EQUAL(chosen(200ms).text, "200 ms");
  CHECK_EQUAL(chosen(0s).text, "0 us");
  CHECK_EQUAL(chosen(90s).json, json(90.0));
}

TEST(times that stand below one another have one unit) {
  auto text = [](std::vector<caf::timespan> times) {
    table x{{}, "list", {times_column("time", "seconds")}};
    for (auto y : times)
      x.rows.push_back({span(y)});
    x.rows.push_back({none()});
    return to_text({x});
  };
  CHECK_EQUAL(text({9us, 950us}), "  time\n  9 us\n950 us\n     -\n");
  CHECK_EQUAL(text({9us, 1026us, 0us}), "    time\n0.009 ms\n1.026 ms\n0.000 ms\n       -\n");
  CHECK_EQUAL(text({6800us, 120ms}), "    time\n  6.8 ms\n120.0 ms\n       -\n");
  CHECK_EQUAL(text({182ms, 12s}), "    time\n 0.182 s\n12.000 s\n       -\n");
  CHECK_EQUAL(text({40us, 12s}), "        time\n    0.040 ms\n12000.000 ms\n           -\n");
  CHECK_EQUAL(text({2s, 12s}), "  time\n 2.0 s\n12.0 s\n     -\n");
  CHECK_EQUAL(text({9us, 4min}), " time\n 9 us\n4 min\n    -\n");
  CHECK_EQUAL(text({}), "time\n   -\n");
}

TEST(numbers are grouped and sizes have a unit) {
  CHECK_EQUAL(count(0).text, "0");
  CHECK_EQUAL(count(999).text, "999");
  CHECK_EQUAL(count(1000).text, "1,000");
  CHECK_EQUAL(count(1234567).text, "1,234,567");
  CHECK_EQUAL(size(812).text, "812 B");
  CHECK_EQUAL(size(3482).text, "3.4 KiB");
  CHECK_EQUAL(size(1023ULL << 20).text, "1023.0 MiB");
  CHECK_EQUAL(share(0.125).text, "12.5 %");
}

TEST(text is aligned by characters and no cell breaks its line) {
  report x{fact_list{{{"a", "a", words("1")}, {"longer", "longer", none()}}},
           table{"title",
                 "list",
                 {{"name", "name"}, {"n", "n", true}},
                 {{words("gr\u00f6\u00dfe"), count(5)}, {words("x\ny\x1b"), count(1000)}}}};
  CHECK_EQUAL(to_text(x), "a       1\n"
                          "longer  -\n"
                          "\n"
                          "title\n"
                          "name          n\n"
                          "gr\u00f6\u00dfe         5\n"
                          "x\\ny\\x1b  1,000\n");
  CHECK_EQUAL(to_json_text(x),
              "{\"a\":\"1\",\"longer\":null,\"list\":[{\"name\":\"gr\u00f6\u00dfe\",\"n\":5},"
              "{\"name\":\"x\\ny\\u001b\",\"n\":1000}]}\n");
}

TEST(a table alone is a list and one without rows says so) {
  table x{"title", "list", {{"name", "name"}}, {}};
  CHECK_EQUAL(to_text({x}), "title: none\n");
  CHECK_EQUAL(to_json_text({x}), "[]\n");
}

TEST(bytes that are no text do not break the JSON) {
  CHECK_EQUAL(to_json_text({table{{}, {}, {{"x", "x"}}, {{words("\xff")}}}}),
              "[{\"x\":\"\ufffd\"}]\n");
}

TEST(backends are listed as they stand) {
  add_good("one", 7ms);
  add("two");
  auto x = to_json(backends_report(backends, now));
  REQUIRE(x.size() == 2);
  CHECK_EQUAL(x[0]["backend"], "one");
  CHECK_EQUAL(x[0]["version"], "15.18");
  CHECK_EQUAL(x[0]["state_seconds"], 9.0);
  CHECK_EQUAL(x[0]["age_seconds"], 1.0);
  CHECK_EQUAL(x[0]["next_poll_seconds"], 3.0);
  CHECK_EQUAL(x[1]["up"], false);
  CHECK(x[1]["age_seconds"].is_null());
}

TEST(the worst backends come first) {
  add_good("fast", 1ms);
  add_good("slow", 9ms);
  add_good("old", 1ms, 100);
  add("never");
  add_good("failing", 1ms)->metrics->last_failure = failure::query;
  auto x = to_json(top_report(backends, {}, pulse, now, 4));
  std::vector<std::string> names;
  for (const auto& y : x["backends"])
    names.push_back(y["backend"]);
  CHECK_EQUAL(names, (std::vector<std::string>{"never", "failing", "old", "slow"}));
  CHECK_EQUAL(x["known"], 5);
  CHECK_EQUAL(x["up"], 4);
}

TEST(a paused backend has no next poll) {
  add_good("one", 1ms)->metrics->paused = true;
  auto x = to_json(backends_report(backends, now));
  CHECK(x[0]["next_poll_seconds"].is_null());
}

TEST(the time in each state adds up to the backends life) {
  auto x = to_json(shown(add_good("one", 7ms)));
  CHECK_EQUAL(x["states"][0], (json{{"state", "connecting"}, {"seconds", 1.0}, {"share", 0.1}}));
  CHECK_EQUAL(x["states"][2], (json{{"state", "ready"}, {"seconds", 9.0}, {"share", 0.9}}));
}

TEST(the last poll is a timeline) {
  queries = [] {
    query_definition a;
    a.name = "a";
    a.variants = {{100000, 0, server_role::primary, {}, "SELECT 1\nFROM x"}};
    query_definition b;
    b.name = "b";
    b.variants = {{0, 0, server_role::unknown, {}, "SELECT 2"}};
    query_definition c;
    c.name = "c";
    return std::make_shared<const catalogue>(std::vector{a, b, c});
  }();
  auto of = add_good("one", 10ms);
  auto x = to_json(shown(of));
  CHECK_EQUAL(x["last_poll"].size(), 2u);
  CHECK_EQUAL(x["last_poll"][0], (json{{"query", "a"},
                                       {"server_seconds", 0.009},
                                       {"start_seconds", 0.001},
                                       {"first_seconds", 0.002},
                                       {"done_seconds", 0.01},
                                       {"rows", 5},
                                       {"bytes", 2048},
                                       {"result", "ok"}}));
  CHECK_EQUAL(x["last_poll"][1]["result"], "57014");
  CHECK(x["last_poll"][1]["server_seconds"].is_null());
  CHECK_EQUAL(x["plan"][0]["sql_for"], "from 10.0, primary");
  CHECK_EQUAL(x["plan"][1]["sql_for"], "any version");
  CHECK(x["plan"][2]["sql_for"].is_null());
  auto text = to_text(shown(of));
  CHECK(text.find("|    ....================================|") != std::string::npos);
  CHECK(text.find("SELECT 1 ...") != std::string::npos);
  CHECK(text.find("for a standby only") != std::string::npos);
  CHECK(to_text(shown(of, true)).find("SELECT 1\\nFROM x") != std::string::npos);
}

TEST(people see what is asked and how many queries are not ) {
  auto definitions = queries->queries();
  definitions.emplace_back().name = "bloat";
  definitions[1].every = 5min;
  queries = std::make_shared<const catalogue>(std::move(definitions));
  auto of = add_good("one", 10ms);
  auto x = shown(of);
  leave_out_what_is_not_asked(x);
  auto text = to_text(x);
  CHECK(text.find("plan (1 queries are left out: plan NAME says why)") != std::string::npos);
  CHECK(text.find("bloat") == std::string::npos);
  CHECK(text.find("every 5 min") != std::string::npos);
  auto plan = to_json(plan_report(*of, true));
  CHECK_EQUAL(plan[0]["every_seconds"], 0);
  CHECK_EQUAL(plan[1]["every_seconds"], 300);
  CHECK_EQUAL(plan[2]["left_out"], "for a standby only");
}

TEST(a query without an answer is seen) {
  auto of = add_good("one", 10ms);
  auto trace = std::make_shared<poll_trace>(*of->metrics->history.last_poll());
  trace->queries.pop_back();
  trace->queries[0].done = false;
  trace->reason = failure::timeout;
  of->metrics->history.set_last_poll(trace);
  auto text = to_text(shown(of));
  CHECK(text.find("10.0 ms, timeout") != std::string::npos);
  CHECK(text.find("no answer") != std::string::npos);
  CHECK(text.find("?|") != std::string::npos);
}

TEST(the last ten errors are kept and the newest comes first) {
  auto of = add_good("one", 10ms);
  for (int i = 0; i < 12; ++i)
    of->metrics->history.add_error(
      {now.unix_seconds - 60 + i, failure::query, "42P01", "a", "message " + std::to_string(i)});
  auto x = to_json(shown(of));
  REQUIRE(x["errors"].size() == 10);
  CHECK_EQUAL(x["errors"][0]["message"], "message 11");
  CHECK_EQUAL(x["errors"][0]["sqlstate"], "42P01");
  CHECK_EQUAL(x["errors"][9]["message"], "message 2");
}

TEST(queries are summed over the fleet) {
  for (int i = 1; i <= 20; ++i)
    add_good("db" + std::to_string(i), std::chrono::milliseconds{10 * i + 1});
  backends[0]->metrics->query(0).errors = 3;
  auto x = to_json(queries_report(backends, *queries));
  CHECK_EQUAL(x[0]["backends"], 20);
  CHECK_EQUAL(x[0]["p50_seconds"], 0.1);
  CHECK_EQUAL(x[0]["p95_seconds"], 0.19);
  CHECK_EQUAL(x[0]["max_seconds"], 0.2);
  CHECK_EQUAL(x[0]["rows"], 100);
  CHECK_EQUAL(x[0]["errors"], 3);
  CHECK_EQUAL(x[0]["share"], 1.0);
}

TEST(a second look shows what came since the first) {
  auto x = add("one");
  x->metrics->poll_seconds.observe(0.5);
  x->metrics->query(0).timeouts = 2;
  x->metrics->query(1).errors = 1;
  x->metrics->query(0).count_bad(1, 7);
  x->metrics->connect_errors = 4;
  stat_tables looks;
  auto first = to_json(looks.backends(backends));
  CHECK_EQUAL(first[0], (json{{"backend", "one"},
                              {"latency_seconds", 0.5},
                              {"query_timeouts", 2},
                              {"query_errors", 1},
                              {"connect_errors", 4},
                              {"not_numbers", 7}}));
  x->metrics->query(0).timeouts = 3;
  auto again = to_json(looks.backends(backends));
  const auto& second = again[0];
  CHECK(second["latency_seconds"].is_null());
  CHECK_EQUAL(second["query_timeouts"], 1);
  CHECK_EQUAL(second["connect_errors"], 0);
  auto of_queries = to_json(looks.queries(backends, *queries));
  CHECK_EQUAL(of_queries[0]["query_timeouts"], 3);
}

TEST(WAL is shown by standby as what came since the last look) {
  query_definition wal;
  wal.name = "standbys";
  for (const auto* x : {"replayed", "sent", "written", "flushed"})
    wal.metrics.push_back({x, "standbys_" + std::string{x}, {}, metric_type::counter});
  wal.replication = {1, 2, 3, 0};
  queries = std::make_shared<const catalogue>(std::vector{wal});
  auto x = add("1.postgres.east-1234abcd");
  const auto* labels = R"(sync_state="async",application_name="b",client_addr="10.0.0.2")";
  show(x, {{{labels, {700, 1000, 900, 800}}}});
  stat_tables looks;
  auto first = to_json(looks.wal(backends));
  CHECK_EQUAL(first[0]["sent_bytes"], 1000);
  show(x, {{{labels, {700, 1500, 1000, 850}}}});
  auto second = to_json(looks.wal(backends));
  CHECK_EQUAL(second[0], (json{{"backend", "1.postgres.east-1234abcd"},
                               {"shard", "1"},
                               {"zone", "1234abcd"},
                               {"sync_state", "async"},
                               {"sent_bytes", 500},
                               {"written_bytes", 100},
                               {"flushed_bytes", 50},
                               {"replayed_bytes", 0},
                               {"standby", "b"}}));
  CHECK(to_text(looks.wal(backends)).starts_with("SHARD  ZONE      REPL"));
  show(add("orders-1/shop"), {{{labels, {700, 1500, 1000, 850}}}});
  auto text = to_text(looks.wal(backends));
  CHECK(text.starts_with("BACKEND                   REPL"));
  CHECK(text.find("\norders-1/shop ") != std::string::npos);
}

TEST(actors are listed flat or under their parents) {
  std::vector<listed_actor> actors;
  auto list = [&](uint64_t id, uint64_t parent, const char* kind) {
    actors.push_back(
      {kind, "db1", 0, std::make_shared<actor_record>(id, parent, now.steady - 60s)});
  };
  list(1, 0, "scheduler");
  list(2, 0, "registry");
  list(3, 1, "connection");
  list(4, 99, "orphan");
  auto flat = to_json(actors_report(actors, now, false));
  CHECK_EQUAL(flat[2]["kind"], "connection");
  CHECK_EQUAL(flat[2]["parent"], 1);
  CHECK_EQUAL(flat[2]["age_seconds"], 60.0);
  auto tree = actors_report(actors, now, true);
  auto rows = std::get<table>(tree[0]).rows;
  CHECK_EQUAL(rows[0][1].text, "scheduler");
  CHECK_EQUAL(rows[1][1].text, "  connection");
  CHECK_EQUAL(rows[2][1].text, "registry");
  CHECK_EQUAL(rows[3][1].text, "orphan");
  CHECK(actor_report(actors, 3, now).has_value());
  CHECK(!actor_report(actors, 5, now).has_value());
}

TEST(the SCHEDULERs and DISCOVERYs answers are shown) {
  scheduler_status x;
  x.in_flight = {{"db1", 2s}};
  x.paused = {{"db2", 0s}, {"db3", 5s}};
  x.disconnected = {"db3"};
  x.ticks = {{7, 3s, 2s, false, 3, 1, 2}};
  auto ticks = to_json(scheduler_report(x));
  CHECK_EQUAL(ticks["in_flight"][0]["age_seconds"], 2.0);
  CHECK(ticks["paused"][0]["left_seconds"].is_null());
  CHECK_EQUAL(ticks["paused"][1]["left_seconds"], 5.0);
  CHECK_EQUAL(ticks["paused"][0]["disconnected"], false);
  CHECK_EQUAL(ticks["paused"][1]["disconnected"], true);
  CHECK_EQUAL(ticks["ticks"][0]["over"], false);
  discovery_status y;
  y.sources.resize(1);
  y.sources[0].name = "east";
  y.sources[0].kind = "vmapi";
  y.sources[0].problem = "connection refused";
  y.sources[0].rejected = {"vm1 (nic): no NIC matches"};
  auto sources = to_json(discovery_report(y, now));
  CHECK_EQUAL(sources["sources"][0]["state"], "failing");
  CHECK(sources["sources"][0]["last_change_seconds"].is_null());
  CHECK_EQUAL(sources["rejected"][0]["what"], "vm1 (nic): no NIC matches");
}

TEST(statements stand with their texts where somebody asked) {
  auto definitions = queries->queries();
  definitions[0].texts = "SELECT";
  definitions[0].limit.by = 1;
  queries = std::make_shared<const catalogue>(std::move(definitions));
  auto x = add_good("a", 5ms);
  x->metrics->query(0).planned = true;
  show(x, {{{R"(table="x")", {1, 2}}, {R"(table="y")", {3, 40.5}}}, {}});
  CHECK(!x->metrics->texts.take(now.unix_seconds));
  auto before = to_json(texts_report(*x, true, now));
  CHECK_EQUAL(before["texts"], "asked for with the next poll");
  CHECK_EQUAL(before["tables"][0]["table"], "y");
  CHECK(before["tables"][0]["text"].is_null());
  CHECK(x->metrics->texts.take(now.unix_seconds));
  CHECK(!x->metrics->texts.take(now.unix_seconds + 70));
  texts_report(*x, true, {now.steady, now.unix_seconds + 30});
  CHECK(!x->metrics->texts.take(now.unix_seconds + 59));
  CHECK(x->metrics->texts.take(now.unix_seconds + 60));
  CHECK(!x->metrics->texts.forget(now.unix_seconds + 629));
  CHECK(x->metrics->texts.forget(now.unix_seconds + 630));
  CHECK(!x->metrics->texts.forget(now.unix_seconds + 631));

  section texts{0};
  texts.add_row(R"(table="y",text="SELECT \"é\"\n  FROM t")");
  x->metrics->query(0).texts = std::make_shared<const section>(std::move(texts));
  auto after = to_json(texts_report(*x, true, now));
  CHECK_EQUAL(
    after["tables"][0],
    (json{{"table", "y"}, {"size", 40.5}, {"scans", 3}, {"text", "SELECT \"é\"\n  FROM t"}}));
  CHECK(after["tables"][1]["text"].is_null());
  auto text = to_text(texts_report(*x, false, now));
  CHECK(text.find("SELECT \"é\" FROM t") != std::string::npos);
}

TEST(who has no statements is told so) {
  auto said = to_json(texts_report(*add_good("a", 5ms), false, now));
  CHECK_EQUAL(said["texts"], "no query that has texts is collected");
}

namespace {

fleet_view one_cluster() {
  auto cluster = std::make_shared<cluster_view>();
  cluster->system = "7301";
  cluster->name = "main";
  cluster->writable = 1;
  auto add = [&](std::string name, bool standby, std::string upstream) -> member_view& {
    member_view x{.name = name, .backend = name, .life = 1};
    x.entries = {std::move(name)};
    x.fresh = true;
    x.standby = standby;
    x.upstream = std::move(upstream);
    x.follows_member = !x.upstream.empty();
    cluster->members.push_back(std::move(x));
    return cluster->members.back();
  };
  add("c", true, "b").attached = true;
  add("a", false, "").timeline = 2;
  auto& b = add("b", true, "a");
  b.attached = false;
  b.lag = 90;
  b.lag_is_bound = true;
  b.how = "no receiver";
  auto& far = add("far", true, "10.0.0.9:5432");
  far.follows_member = false;
  far.attached = true;
  far.how = "streaming";
  add("missed@10.0.0.7", true, "a").attached = false;
  cluster->members.back().entries.clear();
  cluster->members.back().fresh = false;
  fleet_view result;
  result.clusters = {cluster};
  return result;
}

} // namespace

TEST(clusters are trees) {
  auto fleet_now = one_cluster();
  CHECK_EQUAL(to_text(clusters_report(fleet_now, now)),
              R"(cluster 7301 (main)
server             role     state          lag  how
a                  primary  writable         -  -
  b                standby  detached  > 90.0 s  was on a; no receiver
    c              standby  attached         -  -
  missed@10.0.0.7  standby  missing          -  was on a
far                standby  attached         -  streaming from 10.0.0.9:5432
)");
  CHECK_EQUAL(to_text(clusters_report({}, now)), "clusters  none is known\n");
}

TEST(a cluster that is in trouble says so first) {
  auto fleet_now = one_cluster();
  auto changed = std::make_shared<cluster_view>(*fleet_now.clusters[0]);
  fleet_now.clusters = {changed};
  changed->writable = 2;
  CHECK(to_text(clusters_report(fleet_now, now))
          .starts_with("cluster 7301 (main): split brain, 2 take writes\n"));
  changed->writable = 0;
  changed->writable_seen = now.unix_seconds - 120;
  CHECK(to_text(clusters_report(fleet_now, now))
          .starts_with("cluster 7301 (main): none takes writes, for " + span(120s).text + "\n"));
}

TEST(two views of different moments end somewhere) {
  auto fleet_now = one_cluster();
  auto changed = std::make_shared<cluster_view>(*fleet_now.clusters[0]);
  fleet_now.clusters = {changed};
  for (auto& x : changed->members) {
    x.standby = x.follows_member = true;
    x.upstream = x.name;
  }
  CHECK_EQUAL(to_json(clusters_list(fleet_now)).size(), 5u);
}

TEST(clusters for programs are a list of members) {
  auto list = to_json(clusters_list(one_cluster()));
  REQUIRE(list.size() == 5u);
  CHECK_EQUAL(list[0]["cluster"], "7301");
  CHECK_EQUAL(list[0]["server"], "a");
  CHECK_EQUAL(list[1]["server"], "b");
  CHECK_EQUAL(list[1]["attached"], false);
  CHECK_EQUAL(list[1]["lag_seconds"], 90);
  CHECK_EQUAL(list[1]["lag_is_at_least"], true);
  CHECK_EQUAL(list[1]["upstream"], "a");
  CHECK_EQUAL(list[1]["backends"].size(), 1u);
  CHECK(list[0]["attached"].is_null());
  CHECK_EQUAL(list[3]["backends"].size(), 0u);
}

TEST(a backend knows its place) {
  auto x = to_json({place_of(one_cluster(), "b")});
  CHECK_EQUAL(x["cluster"], "7301");
  CHECK_EQUAL(x["upstream"], "a");
  CHECK_EQUAL(x["lag_seconds"], 90);
  CHECK(x["same_as"].is_null());
  CHECK(to_json({place_of(one_cluster(), "a")})["upstream"].is_null());
  CHECK(to_json({place_of(one_cluster(), "x")})["cluster"].is_null());
}

FIXTURE_SCOPE_END()
