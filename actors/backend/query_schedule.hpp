// When each query of a backend is due, and how long its rows may be shown. Pure.
#pragma once

#include "config/catalogue.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// The queries of one backend, by their index in the catalogue. Those without an interval of their
/// own are due at each poll. The others are at a phase of their own, which the backend's name
/// decides: so the sizes of a thousand servers are not asked in one second.
class query_schedule {
public:
  using time_point = caf::actor_clock::time_point;

  /// @param backend Its identity.
  /// @param sample How often queries are asked that can be sampled; 0: with each poll.
  query_schedule(catalogue_ptr queries, std::string_view backend,
                 caf::timespan sample = caf::timespan{0});

  /// Its interval is so many times as long; 1 at first.
  /// @returns true if it was another one.
  bool stretch(size_t query, uint32_t times) {
    return std::exchange(entries_[query].stretch, times) != times;
  }

  /// Whether it was answered well at `when` or later.
  [[nodiscard]] bool answered_since(size_t query, time_point when) const {
    return entries_[query].answered != time_point{} && entries_[query].answered >= when;
  }

  /// How often it is asked; 0: with each poll.
  [[nodiscard]] caf::timespan interval(size_t query, caf::timespan poll_interval) const;

  /// Before the first poll: queries with a long interval are due for the first time within ten
  /// intervals of polls, those of the set `original` in the first one.
  void start(time_point now, caf::timespan poll_interval);

  /// Whether a poll that begins now should ask it. What is due until the middle between this poll
  /// and the next one is.
  [[nodiscard]] bool is_due(size_t query, time_point now, caf::timespan poll_interval) const;

  /// Whether a sample that is taken now should ask it.
  [[nodiscard]] bool is_due_for_sample(size_t query, time_point now) const;

  /// It has been answered, well or with an error.
  void answered(size_t query, time_point now, bool well);

  /// Whether rows of a past poll may still be shown: until it is due again and two more polls.
  [[nodiscard]] bool keeps(size_t query, time_point now, caf::timespan poll_interval) const;

private:
  struct entry {
    uint64_t hash = 0;
    uint32_t stretch = 1;
    bool sampled = false;  ///< Asked between polls, too.
    time_point due{};      ///< Not before, unless it is stretched.
    time_point asked{};    ///< Last; zero: never.
    time_point answered{}; ///< Well, last; zero: never.
  };

  [[nodiscard]] caf::timespan every(size_t query) const { return queries_->queries()[query].every; }

  catalogue_ptr queries_;
  caf::timespan sample_;
  std::vector<entry> entries_;
};

} // namespace pgstatsmon
