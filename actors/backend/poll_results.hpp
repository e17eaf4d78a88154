// The results of one backend's polls become blocks, as they come.
#pragma once

#include "actors/backend/block_maker.hpp"
#include "actors/registry/backend_metrics.hpp"
#include "messages/vital_signs.hpp"

#include <caf/actor_clock.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// What a poll has brought.
struct poll_block {
  block_ptr samples; ///< Never null.
  vital_reading vitals;
};

/// What a backend's CONNECTION has read. It is the only one that writes the backend's sample
/// counts, but for those of other databases.
class poll_results {
public:
  using time_point = caf::actor_clock::time_point;

  /// @param target Its static labels go with every row of its own database.
  /// @param metrics Counts of the backend, with the catalogue that its results are made of.
  /// @param warn Called by take() for columns that do not fit.
  poll_results(const backend& target, metrics_ptr metrics, result_shapes::complain warn);

  /// The backend has other static labels from now on.
  void relabel(const label_list& labels) { rows_.relabel(labels); }

  /// A poll begins: what came of one that did not end is forgotten.
  void begin() { rows_.begin(); }

  /// The rows of one query.
  /// @param query Index into catalogue::queries().
  /// @param rows PGRES_TUPLES_OK, text format.
  void take(size_t query, const PGresult& rows, time_point now);

  /// The poll is over.
  /// @param kept By query: without a new result, its rows of an earlier poll stay.
  /// @param took As in poll_report::duration.
  [[nodiscard]] poll_block finish(const std::vector<bool>& kept, time_point now,
                                  caf::timespan took);

private:
  std::string backend_; ///< As in backend::name.
  metrics_ptr metrics_;
  result_shapes shapes_;
  block_maker rows_;
  block_ptr shown_; ///< The newest one; null before the first.
};

/// Counts what decoding noticed in the rows of one query.
void count_decoded(backend_metrics& metrics, const std::string& backend, size_t query,
                   const decode_report& report);

} // namespace pgstatsmon
