// Which rows of a query reach the page when there are more than it may show. Pure.
#pragma once

#include "actors/registry/block.hpp"
#include "config/catalogue.hpp"

#include <caf/actor_clock.hpp>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgstatsmon {

/// Keeps row_limit of one query of one backend, from read to read.
///
/// Ranked by value, the largest rows are kept, of equal ones those whose labels come first. Ranked
/// by growth, who is in stays until it falls behind twice as many rows as there are places, or has
/// not grown for half an hour: each change of a row is a new series.
///
/// The row `other` has the sums of all that is not shown. Of counters it has what these rows have
/// grown by while they were not shown, so it never falls when one of them moves up.
class top_rows {
public:
  using time_point = caf::actor_clock::time_point;

  /// @param fixed_labels Rendered, in front of the query's own on every row; may be empty.
  top_rows(const query_definition& query, std::string_view fixed_labels);

  /// What reaches the page of one read, in the read's order, `other` last.
  section keep(const section& all, time_point now);

private:
  /// What is remembered of a row.
  struct memory {
    std::vector<double> values;
    time_point grown; ///< When its rank's value has last been seen to grow.
    uint64_t read = 0;
    bool member = false;
  };

  using memory_map = std::unordered_map<std::string, memory>;

  void choose_by_value(const section& all, std::vector<bool>& shown) const;
  void choose_by_growth(const section& all, time_point now, std::vector<bool>& shown);
  void gather_others(const section& all, const std::vector<bool>& shown);
  void remember(const section& all);
  [[nodiscard]] double growth(const section& all, size_t row, size_t metric) const;

  const query_definition* query_;
  std::string other_labels_;
  bool remembers_; ///< Something depends on the read before.
  uint64_t reads_ = 0;
  memory_map rows_;
  std::vector<double> others_;
};

} // namespace pgstatsmon
