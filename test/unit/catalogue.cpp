// The query definitions: those that are compiled in, and wrong ones.
#define SUITE catalogue

#include "config/catalogue.hpp"

#include "test/unit/test.hpp"

#include "config/fault.hpp"
#include "messages/error.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
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
   {"c pg_stat_replication_wal_sent_bytes", "c pg_stat_replication_replica_wal_written_bytes",
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
    "c pg_stat_database_tup_deleted", "c pg_stat_database_blks_read",
    "c pg_stat_database_blks_hit", "c pg_stat_database_xact_commit",
    "c pg_stat_database_xact_rollback", "c pg_stat_database_blk_read_time_ms",
    "c pg_stat_database_blk_write_time_ms", "g pg_stat_database_numbackends"}},
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
    "name: q",
    "help: Something.",
    "labels: [a, b]",
    "metrics:",
    "  - column: c",
    "    type: counter",
    "    help: What it is.",
    "versions:",
    "  - until: 10",
    "    sql: SELECT 1",
    "  - sql: SELECT 2",
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
  REQUIRE(queries.size() == contract.size());
  size_t families = 0;
  for (size_t i = 0; i < contract.size(); ++i) {
    CHECK_EQUAL(queries[i].name, contract[i].name);
    CHECK_EQUAL(queries[i].labels, contract[i].labels);
    CHECK_EQUAL(shown(queries[i].metrics), contract[i].metrics);
    families += contract[i].metrics.size();
  }
  CHECK_EQUAL(families, 65u);
  CHECK_EQUAL(built_in_catalogue()->families(), families);
}

TEST(the directory of the definitions holds what is compiled in) {
  auto loaded = load_catalogue(PGSTATSMON_SOURCE_DIR "/config/queries");
  REQUIRE(loaded);
  CHECK((*loaded)->queries() == built_in_catalogue()->queries());
}

TEST(every help text is one sentence that ends) {
  std::set<std::string> seen;
  for (const auto& query : built_in_catalogue()->queries()) {
    CHECK(query.help.ends_with('.'));
    for (const auto& x : query.metrics) {
      CHECK(x.help.ends_with('.'));
      CHECK(x.help.find('\n') == std::string::npos);
    }
  }
}

TEST(every SQL names all the columns and takes no parameter) {
  for (const auto& query : built_in_catalogue()->queries())
    for (const auto& x : query.variants) {
      for (const auto& label : query.labels)
        CHECK(x.sql.find(label) != std::string::npos);
      for (const auto& metric : query.metrics)
        CHECK(x.sql.find(metric.column) != std::string::npos);
      CHECK(x.sql.find('$') == std::string::npos);
    }
}

TEST(a definition is read as it stands there) {
  auto result = parse_catalogue({{"f.yaml", definition(9, "  - {from: 9.6, until: 10, role: standby,"
                                                          " needs: functions, sql: 'SELECT 0 ;\n'}\n"
                                                          "  - until: 14")}});
  REQUIRE(result);
  REQUIRE((*result)->queries().size() == 1u);
  query_definition expected{
    .name = "q",
    .help = "Something.",
    .variants = {{90600, 100000, server_role::standby, true, "SELECT 0"},
                 {0, 140000, server_role::unknown, false, "SELECT 1"},
                 {0, 0, server_role::unknown, false, "SELECT 2"}},
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

TEST(every fault of a definition is found where it is) {
  const wrong table[] = {
    {0, "", ""},
  };
  for (const auto& x : table)
    CHECK_EQUAL(faults_of({{"f", definition(x.line, x.instead)}}), x.fault);
}
