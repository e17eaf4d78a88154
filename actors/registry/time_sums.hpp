// What gauges add up to over time, so that a rate says what they were on average. Pure.
#pragma once

#include "actors/registry/block.hpp"
#include "config/catalogue.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Of one query of one backend: the integrals over time of its metrics that are `integral`, row by
/// row. A value counts for the time since the read before, whatever the interval is. A row that a
/// read has not brought keeps its sums on the page and has nothing else.
class time_sums {
public:
  using time_point = caf::actor_clock::time_point;

  /// For longer than this nobody knows how it was: what was missed is not made up for.
  static constexpr std::chrono::seconds longest{120};

  /// A row that no read has brought for so long is forgotten.
  static constexpr std::chrono::hours kept{1};

  /// Rows that are remembered; others have no sums.
  static constexpr size_t most = 1000;

  explicit time_sums(const query_definition& query);

  /// What reaches the page of one read.
  section add(const section& read, time_point now);

private:
  struct memory {
    std::vector<double> sums; ///< Of the metrics that are `integral`, in their order.
    time_point seen;
  };

  memory* of(const std::string& labels);

  std::vector<size_t> metrics_; ///< Those that are `integral`.
  /// By labels, in whose order those come that a read has not brought.
  std::map<std::string, memory> rows_;
  std::optional<time_point> read_; ///< The newest read.
};

} // namespace pgstatsmon
