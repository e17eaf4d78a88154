// The query definitions: those that are compiled in, and wrong ones.
#define SUITE catalogue

#include "config/catalogue.hpp"

#include "test/unit/test.hpp"

#include "config/fault.hpp"
#include "messages/error.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace pgstatsmon;

namespace {

/// A query of the original: its labels, and its metrics' names, counters with a leading `c `.
struct promised {
  std::string_view name;
  std::vector<std::string> labels;
  std::vector<std::string> metrics;
};

const std::vector<promised> contract{
  {"pg_stat_user_tables",
   {"schemaname", "relname"},
   {"c pg_stat_user_tables_analyze_count", "c pg_stat_user_tables_autoanalyze_count",
    "c pg_stat_user_tables_autovacuum_count", "c pg_stat_user_tables_idx_scan",
    "c pg_stat_user_tables_idx_tup_fetch", "c pg_stat_user_tables_n_tup_del",
    "c pg_stat_user_tables_n_tup_hot_upd", "c pg_stat_user_tables_n_tup_ins",
    "c pg_stat_user_tables_n_tup_upd", "c pg_stat_user_tables_seq_scan",
    "c pg_stat_user_tables_seq_tup_read", "c pg_stat_user_tables_vacuum_count",
    "g pg_stat_user_tables_n_live_tup", "g pg_stat_user_tables_n_dead_tup"}},
  {"pg_statio_user_tables",
   {"schemaname", "relname"},
   {"c pg_statio_user_tables_heap_blks_read", "c pg_statio_user_tables_heap_blks_hit",
    "c pg_statio_user_tables_idx_blks_read", "c pg_statio_user_tables_idx_blks_hit"}},
  {"pg_statio_user_indexes",
   {"indexrelname", "schemaname", "relname"},
   {"c pg_statio_user_indexes_idx_blks_read", "c pg_statio_user_indexes_idx_blks_hit"}},
  {"pg_stat_replication",
   {"sync_state", "application_name", "client_addr"},
   {"g pg_stat_replication_clients", // ours, not the original's
    "c pg_stat_replication_wal_sent_bytes", "c pg_stat_replication_replica_wal_written_bytes",
    "c pg_stat_replication_replica_wal_flushed_bytes",
    "c pg_stat_replication_replica_wal_replayed_bytes"}},
  {"pg_recovery",
   {},
   {"c pg_recovery_wal_inserted_bytes", "c pg_recovery_wal_replayed_bytes",
    "c pg_recovery_wal_received_bytes", "c pg_recovery_wal_flushed_bytes"}},
  {"pg_stat_activity", {"datname", "state"}, {"g pg_stat_activity_connections"}},
  {"pg_stat_database",
   {"datname"},
   {"c pg_stat_database_tup_returned", "c pg_stat_database_tup_fetched",
    "c pg_stat_database_tup_inserted", "c pg_stat_database_tup_updated",
    "c pg_stat_database_tup_deleted", "c pg_stat_database_blks_read", "c pg_stat_database_blks_hit",
    "c pg_stat_database_xact_commit", "c pg_stat_database_xact_rollback",
    "c pg_stat_database_blk_read_time_ms", "c pg_stat_database_blk_write_time_ms",
    "g pg_stat_database_numbackends"}},
  {"pg_relation_size",
   {"schemaname", "relname"},
   {"g pg_relation_size_row_estimate", "g pg_relation_size_total_bytes",
    "g pg_relation_size_index_bytes", "g pg_relation_size_toast_bytes"}},
  {"pg_stat_bgwriter",
   {},
   {"c pg_stat_bgwriter_checkpoints_timed", "c pg_stat_bgwriter_checkpoints_req",
    "c pg_stat_bgwriter_checkpoint_write_time_ms", "c pg_stat_bgwriter_checkpoint_sync_time_ms",
    "c pg_stat_bgwriter_buffers_checkpoint", "c pg_stat_bgwriter_buffers_clean",
    "c pg_stat_bgwriter_maxwritten_clean", "c pg_stat_bgwriter_buffers_backend",
    "c pg_stat_bgwriter_buffers_backend_fsync", "c pg_stat_bgwriter_buffers_alloc"}},
  {"pg_vacuum",
   {"schemaname", "relname"},
   {"g pg_vacuum_xid_age", "g pg_vacuum_tx_until_wraparound_autovacuum"}},
  {"pg_stat_progress_vacuum",
   {"schemaname", "relname", "vacuum_mode"},
   {"g pg_stat_progress_vacuum_phase", "g pg_stat_progress_vacuum_query_start",
    "g pg_stat_progress_vacuum_heap_blks_total", "g pg_stat_progress_vacuum_heap_blks_scanned",
    "g pg_stat_progress_vacuum_heap_blks_vacuumed", "g pg_stat_progress_vacuum_index_vacuum_count",
    "g pg_stat_progress_vacuum_max_dead_tuples", "g pg_stat_progress_vacuum_num_dead_tuples"}},
};

std::vector<std::string> shown(const std::vector<metric_definition>& metrics) {
  std::vector<std::string> result;
  for (const auto& x : metrics)
    result.push_back((x.type == metric_type::counter ? "c " : "g ") + x.family);
  return result;
}

using file_list = std::vector<std::pair<std::string, std::string>>;

/// What is said against some files; empty when nothing is.
std::string faults_of(const file_list& files) {
  auto result = parse_catalogue(files);
  if (result)
    return {};
  CHECK_EQUAL(result.error(), ec::bad_configuration);
  return context_of(result.error());
}

/// A definition that is right, with one line replaced.
std::string definition(size_t line = 0, std::string_view instead = {}) {
  std::vector<std::string> lines{
    "name: q",       "help: Something.",  "labels: [a, b]",        "metrics:",
    "  - column: c", "    type: counter", "    help: What it is.", "versions:",
    "  - until: 10", "    sql: SELECT 1", "  - sql: SELECT 2",
  };
  if (line != 0)
    lines[line - 1] = instead;
  std::string result;
  for (const auto& x : lines)
    result += x + '\n';
  return result;
}

struct wrong {
  size_t line;
  std::string_view instead;
  std::string_view fault;
};

} // namespace

TEST(the definitions that are compiled in keep the contract) {
  auto queries = built_in_catalogue()->queries();
  REQUIRE(queries.size() >= contract.size()); // what is new comes behind it
  size_t families = 0;
  for (size_t i = 0; i < contract.size(); ++i) {
    CHECK_EQUAL(queries[i].name, contract[i].name);
    CHECK_EQUAL(queries[i].labels, contract[i].labels);
    auto made = shown(queries[i].metrics);
    for (const auto& promise : contract[i].metrics)
      if (std::ranges::find(made, promise) == made.end())
        CAF_ERROR(promise << " is missing");
    families += contract[i].metrics.size();
  }
  CHECK_EQUAL(families, 66u);
  CHECK(built_in_catalogue()->families() > families);
}

TEST(the directory of the definitions holds what is compiled in) {
  auto loaded = load_catalogue(PGSTATSMON_SOURCE_DIR "/config/queries");
  REQUIRE(loaded);
  CHECK((*loaded)->queries() == built_in_catalogue()->queries());
}

TEST(every help text is one sentence that ends) {
  auto queries = built_in_catalogue();
  for (const auto& query : queries->queries()) {
    CHECK(query.help.ends_with('.'));
    for (const auto& x : query.metrics) {
      CHECK(x.help.ends_with('.'));
      CHECK(x.help.find('\n') == std::string::npos);
    }
  }
}

TEST(every SQL names all the columns and takes no parameter) {
  auto queries = built_in_catalogue();
  for (const auto& query : queries->queries())
    for (const auto& x : query.variants) {
      // A SHOW has no columns to name.
      if (query.kind == backend_kind::pgbouncer) {
        CHECK(x.sql.starts_with("SHOW "));
        continue;
      }
      for (const auto& label : query.labels)
        CHECK(x.sql.find(label) != std::string::npos);
      for (const auto& metric : query.metrics)
        if (metric.source != sample_source::row)
          CHECK(x.sql.find(metric.column) != std::string::npos);
      for (auto i = x.sql.find('$'); i != std::string::npos; i = x.sql.find('$', i + 1))
        CHECK(i + 1 == x.sql.size() || x.sql[i + 1] < '0' || x.sql[i + 1] > '9');
    }
}

TEST(a definition is read as it stands there) {
  auto result =
    parse_catalogue({{"f.yaml", definition(9, "  - {from: 9.6, until: 10, role: standby,"
                                              " needs: functions, sql: 'SELECT 0 ;\n'}\n"
                                              "  - until: 14")}});
  REQUIRE(result);
  REQUIRE((*result)->queries().size() == 1u);
  query_definition expected{
    .name = "q",
    .help = "Something.",
    .variants = {{90600, 100000, server_role::standby, {need{}}, "SELECT 0"},
                 {0, 140000, server_role::unknown, {}, "SELECT 1"},
                 {0, 0, server_role::unknown, {}, "SELECT 2"}},
    .labels = {"a", "b"},
    .metrics = {{"c", "q_c", "What it is.", metric_type::counter}},
  };
  CHECK((*result)->queries().front() == expected);
}

TEST(a unit ends the name of a metric) {
  auto result = parse_catalogue({{"f", definition(6, "    type: gauge\n    unit: bytes")}});
  REQUIRE(result);
  CHECK_EQUAL((*result)->queries().front().metrics.front().family, "q_c_bytes");
}

TEST(what becomes of rows with the same labels is said for all metrics or for one) {
  auto result = parse_catalogue({{"f", definition(3, "labels: [a, b]\nduplicates: max")},
                                 {"g", definition(6, "    type: gauge\n    duplicates: sum\n"
                                                     "    help: One.\n  - column: d\n"
                                                     "    type: gauge")
                                         .replace(0, 7, "name: r")}});
  REQUIRE(result);
  const auto& queries = (*result)->queries();
  CHECK(queries[0].metrics[0].duplicates == duplicate_rule::max);
  CHECK(queries[1].metrics[0].duplicates == duplicate_rule::sum);
  CHECK(queries[1].metrics[1].duplicates == duplicate_rule::first);
}

TEST(every fault of a definition is found where it is) {
  const wrong table[] = {
    {0, "", ""},
    {1, "", "f:2:1: name: is missing, expected the query's name"},
    {1, "name: 1", "f:1:7: name: is a number, expected a string: put it in quotes"},
    {1, "name: a-b", "f:1:7: name: is no name, expected letters, digits and _, no digit first"},
    {1, "name: ''", "f:1:7: name: is empty, expected a string"},
    {1, "nam: q",
     "f:1:1: name: is missing, expected the query's name\n"
     "f:1:1: nam: unknown key, did you mean 'name'?"},
    {1, "name: pgstatsmon",
     "f:5:13: metrics[0].column: makes the metric pgstatsmon_c, which is one of our own"},
    {1, "name: q\nname: q", "f:2:1: name: is given twice, first on line 1"},
    {2, "", "f:1:1: help: is missing, expected a sentence"},
    {2, "help: \"two\\nlines\"",
     "f:2:7: help: has a control character, expected a string of one line"},
    {3, "duplicates: avg",
     "f:3:13: duplicates: is none of its values, expected one of first, min, max, sum"},
    {3, "labels: a", "f:3:9: labels: is a string, expected a list"},
    {3, "labels: [a, a]", "f:3:13: labels[1]: is given twice"},
    {3, "labels: [a, c]", "f:5:13: metrics[0].column: is a label already"},
    {3, "labels: [__a, backend, le, 1]",
     "f:3:10: labels[0]: is no label name, those that begin with __ are Prometheus' own\n"
     "f:3:15: labels[1]: is a label that every series may have already, expected another name\n"
     "f:3:24: labels[2]: is a label that every series may have already, expected another name\n"
     "f:3:28: labels[3]: is a number, expected a string: put it in quotes"},
    {4, "metric:",
     "f:1:1: metrics: is missing, expected a list of metrics\n"
     "f:4:1: metric: unknown key, did you mean 'metrics'?"},
    {4, "metrics: []\nmetric:",
     "f:4:10: metrics: is empty, expected a list of metrics\n"
     "f:5:1: metric: unknown key, did you mean 'metrics'?"},
    {5, "  - colunm: c",
     "f:5:5: metrics[0].column: is missing, expected a column of the SQL's result\n"
     "f:5:5: metrics[0].colunm: unknown key, did you mean 'column'?"},
    {6, "    type: summary",
     "f:6:11: metrics[0].type: is none of its values, expected one of counter, gauge, info, "
     "histogram, stateset"},
    {6, "    type: counter\n    unit: m/s",
     "f:7:11: metrics[0].unit: is no name, expected letters, digits and _, no digit first"},
    {6, "    type: counter\n    role: any",
     "f:7:5: metrics[0].role: unknown key here, it belongs to 'versions[].role'"},
    {7, "    help:", "f:7:5: metrics[0].help: has no value, expected a string"},
    {7, "    help: x\n  - {column: c, type: gauge, help: y}",
     "f:8:14: metrics[1].column: q_c is taken, f:5 has it already"},
    {5, "  - column: querytime_ms",
     "f:5:13: metrics[0].column: q_querytime_ms is taken, the histogram of q has it already"},
    {5, "  - column: querytime_ms_sum",
     "f:5:13: metrics[0].column: q_querytime_ms_sum is taken, the histogram of q has it already"},
    {8, "version:",
     "f:1:1: versions: is missing, expected a list of version ranges with their SQL\n"
     "f:8:1: version: unknown key, did you mean 'versions'?"},
    {9, "  - until: 9",
     "f:9:12: versions[0].until: is no major version, expected a major version like 9.6 or 14"},
    {9, "  - until: 9.x",
     "f:9:12: versions[0].until: is no major version, expected a major version like 9.6 or 14"},
    {9, "  - until: 10.1",
     "f:9:12: versions[0].until: is no major version, expected a major version like 9.6 or 14"},
    {9, "  - until: [10]",
     "f:9:12: versions[0].until: is a list, expected a major version like 9.6 or 14"},
    {9, "  - from: 10\n    until: 9.6",
     "f:10:12: versions[0].until: is not above from, expected the first version that no longer "
     "fits"},
    {9, "  - until: 10\n    role: leader",
     "f:10:11: versions[0].role: is none of its values, expected one of any, primary, standby"},
    {9, "  - until: 10\n    needs: function",
     "f:10:12: versions[0].needs: is no need, expected functions, extension NAME [>= VERSION], "
     "setting NAME = VALUE, right ROLE, right select RELATION or right execute FUNCTION(TYPES)"},
    {9, "  - from: 9.2", ""},
    {9, "  - role: any",
     "f:11:5: versions[1]: is never used, one before it fits every server that it fits"},
    {10, "    sql: ;", "f:10:10: versions[0].sql: is empty, expected SQL"},
    {10, "    sql: 1", "f:10:10: versions[0].sql: is a number, expected SQL"},
    {11, "  - {}", "f:11:5: versions[1].sql: is missing, expected SQL"},
    {11, "- nonsense", "f:11:1: is neither YAML nor JSON: end of map not found"},
    {11, "  - &x [*x]", "f:11:9: is neither YAML nor JSON: an alias of what it stands in"},
  };
  for (const auto& x : table)
    CHECK_EQUAL(faults_of({{"f", definition(x.line, x.instead)}}), x.fault);
}

TEST(names are unique over all files) {
  auto other = definition(1, "name: other");
  auto twice = faults_of({{"a", definition()}, {"b", definition()}});
  CHECK_EQUAL(twice, "b:1:7: name: q is taken, a:1 has it already");
  auto joined =
    faults_of({{"a", definition(1, "name: q_c")}, {"b", definition(5, "  - column: c_c")}});
  CHECK_EQUAL(joined, "b:5:13: metrics[0].column: q_c_c is taken, a:5 has it already");
  CHECK_EQUAL(faults_of({{"a", definition(5, "  - column: b_querytime_ms_count")},
                         {"b", definition(1, "name: q_b")}}),
              "a:5:13: metrics[0].column: q_b_querytime_ms_count is taken, the histogram of q_b "
              "has it already");
  CHECK_EQUAL(faults_of({{"a", definition()}, {"b", other}}), "");
}

TEST(our own metrics keep their names) {
  for (const auto* name :
       {"pg_up", "pgbouncer_up", "pg_query_count", "pg_connect_error", "pg_query_error",
        "pg_query_timeout", "pg_NaN_error", "pgstatsmon_x", "process_x"}) {
    std::string_view family{name};
    auto split = family.find('_');
    auto text = definition(1, "name: " + std::string{family.substr(0, split)});
    text.replace(text.find("column: c"), 9, "column: " + std::string{family.substr(split + 1)});
    CHECK_EQUAL(faults_of({{"f", text}}), "f:5:13: metrics[0].column: makes the metric "
                                            + std::string{family} + ", which is one of our own");
  }
}

TEST(the faults of all files are told at once) {
  CHECK_EQUAL(faults_of({{"a", "name: q\n"}, {"b", "[]"}, {"c", "{"}}),
              "a:1:1: help: is missing, expected a sentence\n"
              "a:1:1: metrics: is missing, expected a list of metrics\n"
              "a:1:1: versions: is missing, expected a list of version ranges with their SQL\n"
              "b:1:1: is a list, expected an object\n"
              "c:1:1: is neither YAML nor JSON: end of map flow not found");
}

TEST(a directory without definitions is no catalogue) {
  auto missing = load_catalogue("/nonexistent");
  REQUIRE(!missing);
  CHECK_EQUAL(missing.error(), ec::unreadable_file);
  CHECK_EQUAL(context_of(missing.error()), "/nonexistent: No such file or directory");
  auto empty = load_catalogue(PGSTATSMON_SOURCE_DIR "/test/unit");
  REQUIRE(!empty);
  CHECK_EQUAL(context_of(empty.error()), PGSTATSMON_SOURCE_DIR "/test/unit: has no file *.yaml");
}

namespace {

/// The only query of a definition with more in front of its metrics, and these.
caf::expected<catalogue_ptr> extended(const std::string& more, const std::string& metrics) {
  return parse_catalogue({{"f", "name: q\nhelp: Something.\n" + more + "labels: [a]\nmetrics:\n"
                                  + metrics + "versions:\n  - sql: SELECT 1\n"}});
}

query_definition only(const caf::expected<catalogue_ptr>& x) {
  if (!x)
    CAF_FAIL(context_of(x.error()));
  return (*x)->queries().front();
}

std::string fault_in(const caf::expected<catalogue_ptr>& x) {
  return x ? std::string{} : context_of(x.error());
}

const std::string gauge = "  - {column: c, type: gauge, help: X.}\n";

} // namespace

TEST(when and where a query is asked is read) {
  auto x = only(extended("set: full\nscope: database\nevery: 5m\ntimeout: 2s\n"
                         "needs: [right pg_monitor, extension e >= 1.2]\n",
                         gauge));
  CHECK_EQUAL(x.set, "full");
  CHECK(x.scope == query_scope::database);
  CHECK(x.datname);
  CHECK(x.every == std::chrono::minutes{5});
  CHECK(x.timeout == std::chrono::seconds{2});
  CHECK_EQUAL(x.needs.size(), 2u);
  CHECK(label_names(x) == (std::vector<std::string>{"datname", "a"}));
}

TEST(the families of the original have no database) {
  CHECK(!only(extended("set: original\nscope: database\n", gauge)).datname);
}

TEST(the largest rows are by a column of a metric) {
  auto x = only(extended("max_rows: 10\nby: c\nrank: growth\nother: true\n", gauge));
  CHECK(x.limit == (row_limit{10, 0, row_limit::rank::growth, true}));
  CHECK(fault_in(extended("max_rows: 10\n", gauge)).find("expected by with it")
        != std::string::npos);
  CHECK(fault_in(extended("by: c\n", gauge)).find("expected max_rows with it")
        != std::string::npos);
  CHECK(fault_in(extended("max_rows: 1\nby: a\n", gauge)).find("is no column of a counter")
        != std::string::npos);
}

TEST(standbys have four positions in the WAL) {
  std::string four;
  for (const auto* x : {"w", "x", "y", "z"})
    four += "  - {column: " + std::string{x} + ", type: counter, help: X.}\n";
  CHECK(!only(extended("", four)).replication);
  auto x = only(extended("replication: [z, w, x, y]\n", four));
  CHECK(x.replication == (std::array<size_t, 4>{3, 0, 1, 2}));
  CHECK(fault_in(extended("replication: [w, x]\n", four)).find("expected four")
        != std::string::npos);
  CHECK(fault_in(extended("replication: [w, x, y, a]\n", four)).find("is no column of a counter")
        != std::string::npos);
}

TEST(a histogram is as many samples as it has buckets and three more) {
  auto x = only(extended("", "  - {column: ages, type: histogram, unit: seconds, buckets: [1, 5],"
                             " help: X.}\n"));
  REQUIRE(x.metrics.size() == 5u);
  for (const auto& y : x.metrics)
    CHECK_EQUAL(y.family, "q_ages_seconds");
  CHECK(x.metrics[0].leads);
  CHECK(!x.metrics[1].leads);
  CHECK_EQUAL(x.metrics[1].label, "le=\"5\"");
  CHECK_EQUAL(x.metrics[2].label, "le=\"+Inf\"");
  CHECK_EQUAL(x.metrics[3].suffix, "_sum");
  CHECK_EQUAL(x.metrics[4].suffix, "_count");
  CHECK(fault_in(extended("", "  - {column: c, type: histogram, help: X., buckets: [2, 1]}\n"))
          .find("is not above the one before it")
        != std::string::npos);
  CHECK(fault_in(extended("", "  - {column: c, type: histogram, help: X., buckets: [1]}\n"
                              "  - {column: c_sum, type: gauge, help: X.}\n"))
          .find("q_c_sum is taken")
        != std::string::npos);
}

TEST(a set of states has its column as a label) {
  auto x =
    only(extended("", "  - {column: state, type: stateset, states: [up, down], help: X.}\n"));
  REQUIRE(x.metrics.size() == 2u);
  CHECK_EQUAL(x.metrics[1].label, "state=\"down\"");
  CHECK(label_names(x) == (std::vector<std::string>{"a", "state"}));
}

TEST(other names and scales are read) {
  auto text = extended("", "  - {column: c, type: counter, unit: ms, help: X.,"
                           " exporter: {family: pg_q_seconds_total, scale: 0.001}}\n"
                           "  - {column: d, type: gauge, family: pg_d, scale: 2, help: X.}\n");
  auto x = only(text);
  CHECK_EQUAL(x.metrics[0].family, "q_c_ms");
  CHECK_EQUAL(x.metrics[1].family, "pg_d");
  CHECK_EQUAL(x.metrics[1].scale, 2);
  auto theirs = in_words_of(*text, vocabulary::exporter)->queries().front();
  REQUIRE(theirs.metrics.size() == 2u);
  CHECK_EQUAL(theirs.metrics[0].family, "pg_q_seconds_total");
  CHECK_EQUAL(theirs.metrics[0].scale, 0.001);
  auto both = in_words_of(*text, vocabulary::both)->queries().front();
  REQUIRE(both.metrics.size() == 3u);
  CHECK_EQUAL(both.metrics[0].family, "q_c_ms");
  CHECK_EQUAL(both.metrics[2].family, "pg_q_seconds_total");
}

TEST(what only its dashboards ask for comes with its words) {
  auto text = extended("set: exporter\n", "  - {column: c, type: gauge, help: X.}\n");
  REQUIRE(text);
  CHECK(in_words_of(*text, vocabulary::original)->queries().empty());
  CHECK_EQUAL(in_words_of(*text, vocabulary::exporter)->queries().size(), 1u);
  CHECK_EQUAL(in_words_of(*text, vocabulary::both)->queries().size(), 1u);
  CHECK(in_words_of(*text, vocabulary::both)->words() == vocabulary::both);
  CHECK((*text)->words() == vocabulary::original);
}

TEST(no family is made in two scopes or two queries in any vocabulary) {
  for (auto whose : {vocabulary::original, vocabulary::exporter, vocabulary::both}) {
    std::set<std::string> seen;
    auto queries = in_words_of(built_in_catalogue(), whose);
    for (const auto& query : queries->queries())
      for (const auto& metric : query.metrics)
        if (metric.leads && !seen.insert(metric.family).second)
          CAF_FAIL(metric.family << " is made twice");
  }
}

namespace {

/// The faults of a query of a pgbouncer.
std::string console_faults(const std::string& more, const std::string& metric,
                           const std::string& version) {
  return faults_of({{"f", "name: q\nhelp: Something.\nkind: pgbouncer\n" + more
                            + "metrics:\n  - {column: c, type: gauge, help: What it is." + metric
                            + "}\nversions:\n  - {" + version + "}\n"}});
}

} // namespace

TEST(a query of a pgbouncer is read as it stands there) {
  auto x = parse_catalogue(
    {{"f", "name: q\nhelp: Something.\nkind: pgbouncer\npivot: {name: list, value: items}\n"
           "metrics:\n  - {column: c, also: d, from: 1.18, until: 1.24, type: gauge, help: It.}\n"
           "versions:\n  - {from: 1.8, sql: show lists;}\n"}});
  REQUIRE(x);
  const auto& query = (*x)->queries().front();
  CHECK(query.kind == backend_kind::pgbouncer);
  CHECK(query.pivot == (pivot_columns{"list", "items"}));
  CHECK_EQUAL(query.variants[0].from, 10800);
  CHECK_EQUAL(query.variants[0].sql, "show lists");
  const auto& metric = query.metrics.front();
  CHECK_EQUAL(metric.also, "d");
  CHECK_EQUAL(metric.from, 11800);
  CHECK_EQUAL(metric.until, 12400);
}

TEST(what is about servers is refused for a pgbouncer) {
  const std::string show = "sql: SHOW LISTS";
  CHECK_EQUAL(console_faults("", "", show), "");
  auto about = [](const std::string& path, const std::string& faults) {
    auto sentence = path + ": is about a PostgreSQL server, expected none with kind: pgbouncer";
    return faults.find(sentence) != std::string::npos;
  };
  CHECK(about("scope", console_faults("scope: database\n", "", show)));
  CHECK(about("needs", console_faults("needs: functions\n", "", show)));
  CHECK(about("versions[0].needs", console_faults("", "", show + ", needs: extension x")));
  CHECK(about("versions[0].role", console_faults("", "", show + ", role: standby")));
  for (const auto* sql : {"SELECT 1", "SHOW", "RELOAD", "SHOW LISTS; SHUTDOWN", "showing x"})
    CHECK(console_faults("", "", std::string{"sql: \""} + sql + '"')
            .find("is no SHOW, expected one SHOW command of pgbouncer's console")
          != std::string::npos);
  CHECK(console_faults("", ", from: 1.20, until: 1.18", show).find("is not above from")
        != std::string::npos);
}

TEST(what some versions lack is said of pgbouncers alone) {
  CHECK_EQUAL(faults_of({{"f", definition(6, "    type: counter\n    from: 10")}}),
              "f:7:11: metrics[0].from: is for kind: pgbouncer only, elsewhere the SQL names its "
              "columns");
}

TEST(a directory adds queries and replaces those of the same name) {
  auto directory = std::filesystem::temp_directory_path() / "pgstatsmon-added-queries";
  std::filesystem::create_directory(directory);
  auto write = [&](const std::string& name, const std::string& column) {
    std::ofstream{directory / (name + ".yaml")}
      << "name: " << name << "\nhelp: Something.\nmetrics:\n  - {column: " << column
      << ", type: gauge, help: It.}\nversions:\n  - sql: SELECT 1 AS " << column << "\n";
  };
  write("app_own", "x");
  write("pg_stat_wal", "y");
  auto all = extend_catalogue(directory.string());
  if (!all)
    CAF_FAIL(context_of(all.error()));
  auto built_in = built_in_catalogue();
  const auto& shipped = built_in->queries();
  const auto& queries = (*all)->queries();
  CHECK_EQUAL(queries.size(), shipped.size() + 1);
  CHECK_EQUAL(queries.back().name, "app_own");
  for (size_t i = 0; i < shipped.size(); ++i) {
    CHECK_EQUAL(queries[i].name, shipped[i].name);
    CHECK_EQUAL(queries[i] == shipped[i], shipped[i].name != "pg_stat_wal");
  }
  // A family that a shipped query has.
  std::ofstream{directory / "app_own.yaml"}
    << "name: pg_stat\nhelp: Something.\nmetrics:\n  - {column: x, family: "
       "pg_replication_is_replica, "
       "type: gauge, help: It.}\nversions:\n  - sql: SELECT 1 AS x\n";
  auto clash = extend_catalogue(directory.string());
  REQUIRE(!clash);
  CHECK(context_of(clash.error()).find("pg_replication_is_replica is taken") != std::string::npos);
  std::filesystem::remove_all(directory);
}

TEST(the manual names every key of a definition) {
  std::ifstream in{PGSTATSMON_SOURCE_DIR "/config/man/pgstatsmon.queries.5"};
  std::string page{std::istreambuf_iterator<char>{in}, {}};
  auto keys = known_definition_keys();
  CHECK(keys.size() > 30);
  for (const auto& path : keys) {
    auto key = path.substr(path.find_last_of('.') + 1);
    key = key.substr(0, key.find('['));
    auto named = std::regex_search(page, std::regex{"\\.(It )?Va (.* )?" + key + "[ \\n]"});
    CHECK_EQUAL(path + (named ? "" : " is missing"), path);
  }
}

TEST(the example of the manual is right) {
  std::ifstream in{PGSTATSMON_SOURCE_DIR "/config/man/pgstatsmon.queries.5"};
  std::string page{std::istreambuf_iterator<char>{in}, {}};
  auto begin = page.find("name: app_queue");
  REQUIRE(begin != std::string::npos);
  auto text = page.substr(begin, page.find("\n.Ed", begin) - begin) + '\n';
  for (auto [written, meant] : {std::pair{"\\-", "-"}, std::pair{"\\(aq", "'"}})
    for (auto i = text.find(written); i != std::string::npos; i = text.find(written))
      text.replace(i, std::string_view{written}.size(), meant);
  auto x = parse_catalogue({{"queue.yaml", text}});
  if (!x)
    CAF_FAIL(context_of(x.error()));
  const auto& metrics = (*x)->queries().front().metrics;
  CHECK_EQUAL(metrics.at(0).family, "app_queue_jobs");
  CHECK_EQUAL(metrics.at(1).family, "app_queue_oldest_seconds");
}
