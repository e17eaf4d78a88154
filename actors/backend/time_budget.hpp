// The share of somebody's time that watching a backend may cost, and what is asked less often for
// it. Pure.
#pragma once

#include "config/catalogue.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pgstatsmon {

/// Costs are times of one CPU, of the server or of us. When all queries together would take more
/// than the share, the intervals of those that take most are doubled, again and again, important
/// ones last, until they fit. Intervals come back, one query a minute, when there is room for it
/// and five minutes have passed. What five minutes have cost is counted besides: a query that has
/// become dear all at once waits until there is room again.
///
/// The floor: a query is asked every ten minutes, or at its own interval if that is longer,
/// whatever it costs.
class time_budget {
public:
  using time_point = caf::actor_clock::time_point;

  /// Over which the share holds.
  static constexpr std::chrono::minutes window{5};

  /// No interval is stretched beyond.
  static constexpr std::chrono::minutes slowest{10};

  /// @param share Of one CPU, > 0; 1 or more: there is no limit.
  /// @param sample How often queries are asked that can be sampled; 0: with each poll.
  time_budget(catalogue_ptr queries, double share, caf::timespan sample = caf::timespan{0});

  /// A query was asked at `now`, and took so long.
  void spent(size_t query, caf::timespan took, time_point now);

  /// Stretches or relaxes intervals. Before each poll.
  /// @param planned The queries that apply, for each of the catalogue.
  /// @param poll_interval Of queries without an interval of their own; > 0.
  void adjust(const std::vector<bool>& planned, time_point now, caf::timespan poll_interval);

  /// Of queries that are due, in order, those for which there is no room, in order. They are at
  /// most ten minutes late.
  [[nodiscard]] std::vector<size_t> beyond(const std::vector<size_t>& due, time_point now) const;

  /// By how much a query's interval is longer than it should be: 1, 2, 4, ...
  [[nodiscard]] uint32_t stretch(size_t query) const { return entries_[query].stretch; }

  /// Queries that are asked less often.
  [[nodiscard]] size_t stretched() const;

  /// Of what five minutes may cost, how much the last five did; 1 is all of it.
  [[nodiscard]] double used(time_point now) const;

private:
  /// The costs that a query's next one is foreseen by: their median, so that one odd one is
  /// nothing.
  static constexpr size_t remembered = 3;

  struct entry {
    std::array<caf::timespan, remembered> costs{};
    size_t known = 0; ///< How often it was asked.
    uint32_t stretch = 1;
    uint32_t most = 1;   ///< The longest stretch.
    uint32_t weight = 1; ///< How many times its cost it is worth.
    bool planned = false;
    bool sampled = false;
    double interval = 1; ///< s, unstretched.
    time_point asked;
  };

  /// What was spent in half a minute.
  struct bucket {
    int64_t number = -1;
    caf::timespan spent{0};
  };

  static constexpr std::chrono::seconds bucket_width{30};
  static constexpr size_t buckets = window / bucket_width + 1;

  [[nodiscard]] bool limited() const { return share_ < 1; }
  [[nodiscard]] static caf::timespan foreseen(const entry& x);
  [[nodiscard]] static double load(const entry& x);
  [[nodiscard]] caf::timespan spent_lately(time_point now) const;
  [[nodiscard]] caf::timespan allowance() const;
  void learn(const std::vector<bool>& planned, caf::timespan poll_interval);
  bool stretch_one();
  bool relax_one(double total);

  catalogue_ptr queries_;
  double share_;
  caf::timespan sample_;
  std::vector<entry> entries_;
  std::array<bucket, buckets> spent_{};
  time_point stretched_at_;
  time_point relaxed_at_;
};

} // namespace pgstatsmon
