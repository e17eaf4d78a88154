// What happened since the last look: the tables of the original's DTrace scripts.
#pragma once

#include "actors/console/report.hpp"
#include "actors/registry/snapshot.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace pgstatsmon {

/// Remembers the last look of one session. The first look shows what happened since the daemon's
/// start, WAL since the server's. For one thread at a time.
class stat_tables {
public:
  /// BACKEND LAT QTIM QERR CERR NaN: a poll's mean time, and how many queries took too long,
  /// failed, polls found no connection, values were no number.
  report backends(const entry_list& backends);

  /// QUERY LAT QTIM QERR NaN: the same per query over the fleet.
  report queries(const entry_list& backends, const catalogue& queries);

  /// SHARD ZONE REPL SENT WRITTEN FLUSHED REPLAYED STANDBY: bytes of WAL per standby. SHARD is the
  /// backend's name up to the first dot, ZONE its last eight characters, REPL the sync_state.
  report wal(const entry_list& backends);

private:
  /// Totals since the start.
  struct counts {
    double time = 0; ///< s
    uint64_t times = 0;
    uint64_t timeouts = 0;
    uint64_t errors = 0;
    uint64_t connect_errors = 0;
    uint64_t not_numbers = 0;
  };

  using wal_positions = std::array<double, 4>;
  using wal_rows = std::map<std::pair<incarnation, std::string>, wal_positions>;

  static void add_query(counts& to, const query_metrics& x);
  static counts since(const counts& now, const counts& before);
  void add_standbys(table& to, const entry& of, const block& samples, wal_rows& seen) const;

  std::map<incarnation, counts> backends_;
  std::map<std::string, counts, std::less<>> queries_;
  wal_rows wal_;
};

} // namespace pgstatsmon
