// The list of settings, and the statements that set them. Nothing in them is looked up by
// search_path: functions and operators are qualified, constants have no type names, and IN and CASE
// x WHEN, whose `=` can't be qualified, are not used.
#include "actors/backend/pins.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace pgstatsmon {

namespace {

/// From here on a statement can ask whether a setting exists.
constexpr int32_t asks_for_settings = 90600;

struct pin {
  std::string_view name;
  std::string_view value;
};

/// What all supported versions know.
constexpr auto everywhere = std::to_array<pin>({
  // What names and constants mean. Last, so that nothing temporary hides what is the system's.
  {"search_path", "pg_catalog, pg_temp"},
  {"standard_conforming_strings", "on"},
  {"backslash_quote", "safe_encoding"},
  {"escape_string_warning", "off"},
  {"transform_null_equals", "off"},
  {"array_nulls", "on"},
  {"default_text_search_config", "pg_catalog.simple"},
  {"xmloption", "content"},
  // How values are written.
  {"DateStyle", "ISO, MDY"},
  {"IntervalStyle", "postgres"},
  {"TimeZone", "UTC"},
  {"bytea_output", "hex"},
  {"xmlbinary", "base64"},
  {"quote_all_identifiers", "off"},
  {"lc_numeric", "C"},
  {"lc_monetary", "C"},
  {"lc_time", "C"},
  // What errors and notices do.
  {"exit_on_error", "off"},
  {"client_min_messages", "warning"},
  {"debug_print_parse", "off"},
  {"debug_print_rewritten", "off"},
  {"debug_print_plan", "off"},
  // Transactions.
  {"default_transaction_isolation", "read committed"},
  {"default_transaction_deferrable", "off"},
  // Plans, which decide how long a query takes. Memory is the default's whatever the server has.
  {"work_mem", "4MB"},
  {"enable_bitmapscan", "on"},
  {"enable_hashagg", "on"},
  {"enable_hashjoin", "on"},
  {"enable_indexonlyscan", "on"},
  {"enable_indexscan", "on"},
  {"enable_material", "on"},
  {"enable_mergejoin", "on"},
  {"enable_nestloop", "on"},
  {"enable_seqscan", "on"},
  {"enable_sort", "on"},
  {"enable_tidscan", "on"},
  {"seq_page_cost", "1"},
  {"random_page_cost", "4"},
  {"cpu_tuple_cost", "0.01"},
  {"cpu_index_tuple_cost", "0.005"},
  {"cpu_operator_cost", "0.0025"},
  {"effective_cache_size", "4GB"},
  {"constraint_exclusion", "partition"},
  {"cursor_tuple_fraction", "0.1"},
  {"from_collapse_limit", "8"},
  {"join_collapse_limit", "8"},
  {"geqo", "on"},
  {"geqo_threshold", "12"},
  {"synchronize_seqscans", "on"},
});

/// What only some know.
constexpr auto somewhere = std::to_array<pin>({
  {"row_security", "on"},
  {"restrict_nonsystem_relation_kind", ""},
  {"stats_fetch_consistency", "cache"},
  {"extra_float_digits", "1"},
  // Time limits that are not ours end the session. Idle we are on purpose.
  {"idle_session_timeout", "0"},
  {"transaction_timeout", "0"},
  {"client_connection_check_interval", "1000"},
  {"log_parameter_max_length_on_error", "0"},
  // What is quick as it is gains nothing from being compiled or shared out.
  {"jit", "off"},
  {"max_parallel_workers_per_gather", "0"},
  {"force_parallel_mode", "off"},
  {"debug_parallel_query", "off"},
  {"plan_cache_mode", "auto"},
  {"hash_mem_multiplier", "2"},
  {"recursive_worktable_factor", "10"},
  {"enable_async_append", "on"},
  {"enable_distinct_reordering", "on"},
  {"enable_eager_aggregate", "on"},
  {"enable_gathermerge", "on"},
  {"enable_group_by_reordering", "on"},
  {"enable_incremental_sort", "on"},
  {"enable_memoize", "on"},
  {"enable_parallel_append", "on"},
  {"enable_parallel_hash", "on"},
  {"enable_partition_pruning", "on"},
  {"enable_partitionwise_aggregate", "off"},
  {"enable_partitionwise_join", "off"},
  {"enable_presorted_aggregate", "on"},
  {"enable_self_join_elimination", "on"},
  {"optimize_bounded_sort", "on"},
});

/// A database without an encoding may hold bytes that are not UTF-8; the server refuses to send
/// them to a client that wants UTF-8.
constexpr std::string_view encoding_row =
  "('client_encoding', CASE WHEN pg_catalog.current_setting('server_encoding')"
  " OPERATOR(pg_catalog.=) 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)";

/// A list of (name, value) rows.
std::string rows_of(const session_limits& limits, int32_t version) {
  std::string result;
  auto add = [&](std::string_view name, std::string_view value) {
    result += fmt::format("('{}', '{}'), ", name, value);
  };
  for (const auto& each : everywhere)
    add(each.name, each.value);
  add("statement_timeout", std::to_string(limits.statement_timeout));
  add("lock_timeout", std::to_string(limits.lock_timeout));
  add("default_transaction_read_only", limits.read_only ? "on" : "off");
  // Where default_transaction_read_only comes too late: for the transaction that runs this.
  if (limits.read_only)
    add("transaction_read_only", "on");
  if (version >= asks_for_settings) {
    for (const auto& each : somewhere)
      add(each.name, each.value);
    // A transaction that we forgot would hold back every vacuum.
    add("idle_in_transaction_session_timeout", std::to_string(limits.statement_timeout + 1000));
  }
  result += encoding_row;
  return result;
}

std::string set_all(const session_limits& limits, int32_t version, bool local,
                    std::string_view condition) {
  auto exists =
    version < asks_for_settings ? "" : " AND pg_catalog.current_setting(s.name, true) IS NOT NULL";
  return fmt::format("SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, {}))"
                     " OPERATOR(pg_catalog.>) 0 AS pinned FROM (VALUES {}) s(name, value)"
                     " WHERE {}{}",
                     local, rows_of(limits, version), condition, exists);
}

} // namespace

std::string startup_options(const session_limits& limits, int32_t version) {
  auto result =
    fmt::format("-c search_path=pg_catalog,pg_temp -c role=none"
                " -c local_preload_libraries= -c exit_on_error=off"
                " -c default_transaction_isolation=read\\ committed"
                " -c default_transaction_deferrable=off"
                " -c default_transaction_read_only={}"
                " -c statement_timeout={} -c lock_timeout={}",
                limits.read_only ? "on" : "off", limits.statement_timeout, limits.lock_timeout);
  if (version >= 140000)
    result += " -c idle_session_timeout=0";
  if (version >= 170000)
    result += " -c transaction_timeout=0";
  return result;
}

std::string session_pins(const session_limits& limits, int32_t version, int32_t process) {
  return set_all(limits, version, false,
                 fmt::format("pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) {}", process));
}

std::string local_pins(const session_limits& limits, int32_t version) {
  return set_all(limits, version, true, "true");
}

std::string timeout_pin(int64_t timeout) {
  return fmt::format("SELECT pg_catalog.set_config('statement_timeout', '{}', true)", timeout);
}

} // namespace pgstatsmon
