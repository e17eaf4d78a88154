// What lasts too long on a server: sessions that wait for locks, a transaction that does not end.
// Pure.
#pragma once

#include "actors/registry/looks.hpp"
#include "messages/vital_signs.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pgstatsmon {

/// How long is too long, s.
struct incident_limits {
  double blocked = 10;
  double transaction = 300;
};

/// One that begins or ends. Each does both, once.
struct incident {
  enum class kind : uint8_t { blocking, transaction };

  kind what = kind::blocking;
  bool over = false;
  double since = 0;  ///< When the wait or the transaction began, Unix time, s.
  double lasted = 0; ///< Until now, s.
};

/// Follows polls. What a poll says of itself is a number; who it is takes a look, which is ordered
/// for the next poll, and only when there is something to see.
class incidents {
public:
  /// A look at locks that wait on and on, s.
  static constexpr double look_again = 60;

  /// A poll is over.
  /// @param now Unix time, s.
  /// @returns what has ended with it.
  std::vector<incident> polled(const vital_reading& said, double now, const incident_limits& most);

  /// Whether the next poll should look; asked once for each.
  [[nodiscard]] bool wants(look x) const;

  /// A look has come.
  /// @returns what began, or has ended, with it.
  std::optional<incident> looked(look what, const look_answers& seen, double now,
                                 const incident_limits& most);

private:
  /// Moments of a server that differ by less are one: clocks and polls are not exact.
  static constexpr double slack = 3; // s

  bool blocked_ = false;
  double blocked_since_ = 0;
  int waited_ = 0;        ///< Polls in a row that saw someone wait.
  double locks_seen_ = 0; ///< When the newest look at them came.
  bool wants_locks_ = false;
  bool open_ = false; ///< A transaction that is too long.
  double open_since_ = 0;
  double looked_for_ = -1; ///< The beginning of the one that was looked for; -1: none.
  bool wants_holders_ = false;
};

/// The longest wait of those that wait, s; 0: nobody does.
double longest_wait(const std::vector<lock_session>& sessions);

/// Of the answers the longest transaction; null: there is none.
const holder* longest_transaction(const look_answers& seen);

} // namespace pgstatsmon
