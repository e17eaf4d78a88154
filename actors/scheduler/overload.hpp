// Overload of ourselves: when the slots do not suffice, all backends are polled less often. Pure.
#pragma once

#include <caf/timespan.hpp>

#include <cstddef>
#include <cstdint>

namespace pgstatsmon {

/// How a round went, an interval in which each backend should have been polled once. Suspects are
/// left out: they wait behind the others.
struct round_load {
  caf::timespan held{0}; ///< For how long slots were held, the sum over all polls that ended.
  uint64_t polled = 0;   ///< Polls that ended.
  uint64_t due = 0;      ///< Backends that fell due.
  uint64_t late = 0;     ///< ... of these, those that waited for a slot since their last time.
};

/// Decides by how much the interval of all must be longer than it should be, evenly, so that none
/// starves while the machine, the slots or the servers are too slow for the fleet. It rises when
/// two rounds in a row left backends waiting for a whole interval, to what the polls need; it falls
/// a step when there is room for it, six rounds in a row. If that proved wrong, it waits twice as
/// long the next time, up to 360 rounds.
class overload {
public:
  /// @param slots Polls at once, at least 1.
  /// @param interval As configured, positive.
  /// @param longest No stretched interval is longer; below 1.25 intervals nothing is stretched.
  overload(size_t slots, caf::timespan interval, caf::timespan longest)
    : slots_{slots}, interval_{interval}, longest_{longest} {}

  /// A round is over.
  /// @returns true if stretch() is another one.
  bool end_round(const round_load& x);

  /// By how much the interval of all is longer: 1, 1.25, 1.5, 2, 2.5, 3, 4, ... 16.
  [[nodiscard]] double stretch() const noexcept;

  /// Another configuration; what is stretched stays so as far as it allows.
  void configure(size_t slots, caf::timespan interval, caf::timespan longest);

private:
  [[nodiscard]] bool is_allowed(size_t step) const;
  bool raise(double needed);
  bool lower(double needed);

  size_t slots_;
  caf::timespan interval_;
  caf::timespan longest_;
  size_t step_ = 0;        ///< Index of stretch().
  uint32_t late_ = 0;      ///< Rounds in a row that left backends waiting.
  uint32_t roomy_ = 0;     ///< Rounds in a row that the step below would have sufficed for.
  uint32_t patience_ = 6;  ///< Of those before it is lowered.
  uint32_t lowered_ = 360; ///< Rounds since it was; not counted further.
};

} // namespace pgstatsmon
