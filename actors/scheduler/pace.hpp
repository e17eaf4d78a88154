// The pace of one backend with `interval: auto`: busy servers are polled more often. Pure.
#pragma once

#include "messages/backend.hpp"

#include <cstdint>
#include <limits>

namespace pgstatsmon {

/// What a poll found.
struct liveliness {
  double transactions = std::numeric_limits<double>::quiet_NaN(); ///< A second; NaN: unknown.
  double waiting = 0;                                             ///< Sessions that wait for locks.
  double lag = 0;                                                 ///< Behind its primary, s.
  bool changed = false; ///< Its role is another than at the last poll.
};

/// About one poll for each thousand transactions, as the numbers that change fast are the ones that
/// are worth asking for often; a server in trouble is polled as often as allowed. An interval
/// becomes shorter at once, and longer in steps of two after three polls that say so.
class pace {
public:
  /// What lasts longer than so many seconds is lag.
  static constexpr double much_lag = 1;

  /// Transactions for which a poll is due.
  static constexpr double transactions_a_poll = 1000;

  /// A poll has ended.
  /// @param shortest The shortest interval, s.
  /// @param most The longest one is so many times as long, at least 1.
  void follow(const liveliness& x, double shortest, double most);

  /// By how much the interval is longer than the shortest: a power of two.
  [[nodiscard]] double times() const noexcept { return times_; }
  [[nodiscard]] pace_reason why() const noexcept { return why_; }

private:
  double times_ = 1;
  uint8_t calm_ = 0; ///< Polls in a row that would have it longer.
  pace_reason why_ = pace_reason::fixed;
};

} // namespace pgstatsmon
