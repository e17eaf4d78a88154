// Which SQL a server of some version and role gets.
#define SUITE plan

#include "actors/backend/plan.hpp"

#include "test/unit/test.hpp"

#include <algorithm>
#include <string>

using namespace pgstatsmon;

namespace {

catalogue one_query(std::vector<sql_variant> variants) {
  return catalogue{
    {{.name = "q", .help = {}, .variants = std::move(variants), .labels = {}, .metrics = {}}}};
}

sql_variant variant(int32_t from, int32_t until, server_role role = server_role::unknown,
                    bool needs_functions = false) {
  return {from, until, role, needs_functions ? std::vector{need{}} : std::vector<need>{}, "SELECT"};
}

/// The number of the only query's variant; -1 when it does not apply.
int chosen(const catalogue& queries, int32_t version, server_role role = server_role::primary,
           bool have_functions = false) {
  auto result = make_plan(queries, {version, role, have_functions});
  CHECK_EQUAL(result.size(), 1u);
  return result.front() ? static_cast<int>(*result.front()) : -1;
}

size_t planned(int32_t version, server_role role, bool have_functions = false) {
  auto queries = built_in_catalogue();
  auto result = make_plan(*queries, {.version = version,
                                     .role = role,
                                     .functions = have_functions,
                                     .found = {},
                                     .collect = {.sets = {"original"}, .on = {}, .off = {}}});
  CHECK_EQUAL(result.size(), queries->queries().size());
  return static_cast<size_t>(
    std::ranges::count_if(result, [](const auto& x) { return x.has_value(); }));
}

/// The SQL that a built-in query has for a primary.
std::string sql_of(std::string_view name, int32_t version, bool have_functions = false) {
  auto queries = built_in_catalogue();
  auto what = make_plan(*queries, {version, server_role::primary, have_functions});
  for (size_t i = 0; i < what.size(); ++i)
    if (const auto& query = queries->queries()[i]; query.name == name && what[i])
      return query.variants[*what[i]].sql;
  return {};
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST(a range begins with its first version and ends before its last) {
  auto queries = one_query({variant(90400, 100000), variant(100000, 170000)});
  CHECK_EQUAL(chosen(queries, 90399), -1);
  CHECK_EQUAL(chosen(queries, 90400), 0);
  CHECK_EQUAL(chosen(queries, 90624), 0);
  CHECK_EQUAL(chosen(queries, 100000), 1);
  CHECK_EQUAL(chosen(queries, 169999), 1);
  CHECK_EQUAL(chosen(queries, 170000), -1);
}

TEST(the first variant that fits is taken) {
  auto queries =
    one_query({variant(0, 0, server_role::standby), variant(140000, 0), variant(0, 0)});
  CHECK_EQUAL(chosen(queries, 150000, server_role::standby), 0);
  CHECK_EQUAL(chosen(queries, 150000, server_role::primary), 1);
  CHECK_EQUAL(chosen(queries, 130000, server_role::primary), 2);
}

TEST(a version that nobody knows yet fits the ranges without an end) {
  auto queries = one_query({variant(0, 180000), variant(180000, 0)});
  CHECK_EQUAL(chosen(queries, 990000), 1);
}

TEST(a server whose role is unknown gets nothing that is for one role) {
  auto queries =
    one_query({variant(0, 0, server_role::primary), variant(0, 0, server_role::standby)});
  CHECK_EQUAL(chosen(queries, 150000, server_role::unknown), -1);
  CHECK_EQUAL(chosen(queries, 150000, server_role::primary), 0);
  CHECK_EQUAL(chosen(queries, 150000, server_role::standby), 1);
}

TEST(functions are used only where they are) {
  auto queries = one_query({variant(0, 100000, server_role::unknown, true), variant(0, 0)});
  CHECK_EQUAL(chosen(queries, 90600, server_role::primary, true), 0);
  CHECK_EQUAL(chosen(queries, 90600, server_role::primary, false), 1);
  CHECK_EQUAL(chosen(queries, 100000, server_role::primary, true), 1);
}

TEST(every version gets the queries that there are for it) {
  for (auto role : {server_role::primary, server_role::standby, server_role::unknown})
    for (auto have_functions : {false, true}) {
      for (auto version : {90200, 90324})
        CHECK_EQUAL(planned(version, role, have_functions), 8u);
      for (auto version : {90400, 90526})
        CHECK_EQUAL(planned(version, role, have_functions), 10u);
      for (auto version : {90600, 90624, 100000, 110000, 120000, 130000, 140000, 150020, 160000,
                           170000, 180000, 190000, 990000})
        CHECK_EQUAL(planned(version, role, have_functions), 11u);
    }
}

TEST(the names of the WAL change with version 10) {
  for (const auto* name : {"pg_stat_replication", "pg_recovery"}) {
    CHECK(has(sql_of(name, 90624), "xlog"));
    CHECK(!has(sql_of(name, 90624), "_lsn"));
    CHECK(has(sql_of(name, 100000), "wal_lsn_diff"));
    CHECK(!has(sql_of(name, 100000), "xlog"));
  }
  CHECK(!has(sql_of("pg_recovery", 90526), "pg_current_xlog_flush_location"));
  CHECK(has(sql_of("pg_recovery", 90600), "pg_current_xlog_flush_location"));
}

TEST(setup functions stand in for rights before version 10) {
  for (const auto* name : {"pg_stat_activity", "pg_stat_replication", "pg_stat_progress_vacuum"}) {
    CHECK(has(sql_of(name, 90624, true), "pgstatsmon.get_"));
    CHECK(!has(sql_of(name, 90624, false), "pgstatsmon."));
    CHECK(!has(sql_of(name, 100000, true), "pgstatsmon."));
  }
}

TEST(moved columns are found where they went) {
  CHECK(!has(sql_of("pg_stat_bgwriter", 160000), "pg_stat_checkpointer"));
  CHECK(has(sql_of("pg_stat_bgwriter", 170000), "pg_stat_checkpointer"));
  CHECK(has(sql_of("pg_stat_bgwriter", 170000), "x.extends"));
  CHECK(has(sql_of("pg_stat_bgwriter", 180000), "x.extend_bytes"));
  CHECK(has(sql_of("pg_stat_progress_vacuum", 160000), "p.param7 AS num_dead_tuples"));
  CHECK(has(sql_of("pg_stat_progress_vacuum", 170000), "p.param8 AS num_dead_tuples"));
}

TEST(each kind of backend gets its own queries) {
  auto queries = built_in_catalogue();
  plan_facts console{.version = 11800, .role = server_role::pgbouncer};
  console.kind = backend_kind::pgbouncer;
  auto what = make_plan(*queries, console);
  size_t asked = 0;
  for (size_t i = 0; i < what.size(); ++i) {
    const auto& query = queries->queries()[i];
    CHECK_EQUAL(what[i].has_value(), query.kind == backend_kind::pgbouncer);
    asked += what[i] ? 1 : 0;
    if (query.kind == backend_kind::postgres)
      CHECK_EQUAL(why_left_out(query, console), "of kind: postgres");
    else
      CHECK_EQUAL(why_left_out(query, {.version = 150000, .role = server_role::primary}),
                  "of kind: pgbouncer");
  }
  CHECK_EQUAL(asked, 6u);
}

TEST(a version of pgbouncer is compared like one of a server) {
  query_definition query;
  query.kind = backend_kind::pgbouncer;
  query.variants = {variant(11200, 0)};
  plan_facts of{.version = 10900, .role = server_role::pgbouncer};
  of.kind = backend_kind::pgbouncer;
  CHECK_EQUAL(why_left_out(query, of), "not for pgbouncer 1.9.0");
  of.version = 12501;
  CHECK_EQUAL(why_left_out(query, of), "");
}
