// The QUERY turns the results of one backend's polls into blocks.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/backend_metrics.hpp"
#include "actors/registry/decode.hpp"
#include "actors/registry/top_rows.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pgstatsmon {

struct query_state {
  static constexpr const char* name = "query";

  explicit query_state(query_actor::pointer actor) : self{actor} {}

  /// What is remembered about one query between polls.
  struct memory {
    column_map columns;
    section_ptr shown; ///< What is on the page.
    section_ptr fresh; ///< Of the poll under way; null: none came.
    std::optional<top_rows> limit;
    std::set<std::vector<std::string>> reported; ///< Columns of results that a warning was about.

    /// Its series would have a label of the backend twice, so none is shown: the backend is about
    /// to be removed for that.
    bool doubled = false;
  };

  /// Begins a poll if `number` is newer than the one under way.
  /// @returns false if it is of a poll that is over, or has been given up for a newer one.
  bool enter(uint64_t number);
  void take(const query_result& x);
  void finish(const poll_finished& x);
  const column_map& columns_of(size_t query, const PGresult& rows);
  void warn_about(const query_definition& query, memory& of);
  void count(size_t query, const decode_report& report);
  [[nodiscard]] std::string_view fixed_labels(const query_definition& query) const;
  void publish(const std::vector<bool>& kept);

  query_actor::pointer self;
  registry_actor registry;
  std::string backend; ///< As in backend::name.
  std::string datname; ///< Rendered, for queries that have it as a label.
  incarnation life = 0;
  metrics_ptr metrics;
  std::vector<memory> memories; ///< By query.
  uint64_t poll = 0;            ///< The poll under way, or the last one.
  bool under_way = false;
};

/// @param registry Gets the blocks.
/// @param life Of `of`; goes with every block.
/// @param metrics Counts of the backend, with the catalogue that its results are made of.
query_actor::behavior_type query(observed_ptr<query_actor, query_state> self,
                                 registry_actor registry, const backend& of, incarnation life,
                                 metrics_ptr metrics);

} // namespace pgstatsmon
