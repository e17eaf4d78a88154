// The vital signs of a backend: the few numbers that say how its server is.
#pragma once

#include <caf/timespan.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace pgstatsmon {

/// What says how a server is. Which metrics one is made of is said where these are defined
/// (`vital`), so that nothing here knows a query.
enum class vital_sign : uint8_t {
  transactions,                 ///< Ended, well or not.
  sessions_active,              ///< That execute something, the asking one among them.
  sessions_waiting,             ///< That wait for a lock; of a pgbouncer for a server.
  sessions_idle_in_transaction, ///< That do nothing within a transaction.
  sessions,                     ///< All that count towards max_connections.
  max_connections,              ///< Sessions that the server takes.
  lag,                          ///< How far a standby is behind, s; 0 on a primary.
  wal,                          ///< Position in the WAL, bytes: a primary's written, else replayed.
  blocks_hit,                   ///< Found in shared buffers.
  blocks_read,                  ///< Not found there.
  checkpoints,                  ///< Begun.
  oldest_transaction,           ///< Age of the oldest that is open, s.
  slots_wal,                    ///< What the slot keeps that keeps most, bytes.
  xmin_age,                     ///< Transactions since the oldest that must be kept visible.
  deadlocks,                    ///< Each of which ended a transaction.
  temp_bytes,                   ///< Written to temporary files.
};

/// What a sign's numbers are.
enum class vital_unit : uint8_t { number, seconds, bytes };

/// A sign's name and how it is read.
struct vital_sign_definition {
  vital_sign sign;
  std::string_view name;  ///< As definitions and JSON have it.
  std::string_view title; ///< For people; of a counter it is of what happens in a second.
  bool counter;           ///< It grows; what says something is how fast.
  vital_unit unit;
};

/// All of them, in the order of the enum.
inline constexpr std::array<vital_sign_definition, 16> all_vital_signs{{
  {vital_sign::transactions, "transactions", "transactions/s", true, vital_unit::number},
  {vital_sign::sessions_active, "sessions_active", "sessions active", false, vital_unit::number},
  {vital_sign::sessions_waiting, "sessions_waiting", "sessions waiting", false, vital_unit::number},
  {vital_sign::sessions_idle_in_transaction, "sessions_idle_in_transaction", "idle in transaction",
   false, vital_unit::number},
  {vital_sign::sessions, "sessions", "sessions", false, vital_unit::number},
  {vital_sign::max_connections, "max_connections", "max_connections", false, vital_unit::number},
  {vital_sign::lag, "lag", "lag", false, vital_unit::seconds},
  {vital_sign::wal, "wal", "WAL/s", true, vital_unit::bytes},
  {vital_sign::blocks_hit, "blocks_hit", "blocks hit/s", true, vital_unit::number},
  {vital_sign::blocks_read, "blocks_read", "blocks read/s", true, vital_unit::number},
  {vital_sign::checkpoints, "checkpoints", "checkpoints/s", true, vital_unit::number},
  {vital_sign::oldest_transaction, "oldest_transaction", "oldest transaction", false,
   vital_unit::seconds},
  {vital_sign::slots_wal, "slots_wal", "WAL kept by slots", false, vital_unit::bytes},
  {vital_sign::xmin_age, "xmin_age", "age of xmin horizon", false, vital_unit::number},
  {vital_sign::deadlocks, "deadlocks", "deadlocks/s", true, vital_unit::number},
  {vital_sign::temp_bytes, "temp_bytes", "temporary files/s", true, vital_unit::bytes},
}};

inline constexpr size_t vital_sign_count = all_vital_signs.size();

constexpr size_t index_of(vital_sign x) noexcept {
  return static_cast<size_t>(x);
}

/// A number for each sign; NaN where it is not known.
struct vital_values {
  constexpr vital_values() noexcept { all.fill(std::numeric_limits<double>::quiet_NaN()); }

  constexpr double& operator[](vital_sign x) noexcept { return all[index_of(x)]; }
  constexpr double operator[](vital_sign x) const noexcept { return all[index_of(x)]; }

  /// Whether it is known.
  [[nodiscard]] bool has(vital_sign x) const noexcept { return !std::isnan((*this)[x]); }

  std::array<double, vital_sign_count> all{};
};

/// What a poll says of them: counters are the server's own.
struct vital_reading {
  vital_values values;

  /// A bit for each sign (1 << index_of()): the poll asked for it. Others are of an earlier poll.
  uint32_t fresh = 0;

  std::chrono::steady_clock::time_point when; ///< The poll was over.
  caf::timespan took{0};                      ///< As in poll_report::duration.

  [[nodiscard]] constexpr bool is_fresh(vital_sign x) const noexcept {
    return (fresh & (1U << index_of(x))) != 0;
  }
};

} // namespace pgstatsmon
