// The QUERY turns the results of one backend's polls into blocks.
#pragma once

#include "actors/backend/block_maker.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/backend_metrics.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

struct query_state {
  static constexpr const char* name = "query";

  explicit query_state(query_actor::pointer actor) : self{actor} {}

  /// Begins a poll if `number` is newer than the one under way.
  /// @returns false if it is of a poll that is over, or has been given up for a newer one.
  bool enter(uint64_t number);
  void take(const query_result& result);
  void finish(const poll_finished& end);
  void publish(const poll_finished& end);

  query_actor::pointer self;
  registry_actor registry;
  std::string backend; ///< As in backend::name.
  incarnation life = 0;
  metrics_ptr metrics;
  std::optional<result_shapes> shapes; ///< Set once started.
  std::optional<block_maker> rows;     ///< The same.
  block_ptr shown;                     ///< The newest one; null before the first.
  uint64_t poll = 0;                   ///< The poll under way, or the last one.
  bool under_way = false;
};

/// Counts what decoding noticed in the rows of one query.
void count_decoded(backend_metrics& metrics, const std::string& backend, size_t query,
                   const decode_report& report);

/// @param registry Gets the blocks.
/// @param life Of `target`; goes with every block.
/// @param metrics Counts of the backend, with the catalogue that its results are made of.
query_actor::behavior_type query(observed_ptr<query_actor, query_state> self,
                                 registry_actor registry, const backend& target, incarnation life,
                                 metrics_ptr metrics);

} // namespace pgstatsmon
