// Results of queries become blocks: what is remembered of one database from poll to poll.
#pragma once

#include "actors/registry/block.hpp"
#include "actors/registry/decode.hpp"
#include "actors/registry/time_sums.hpp"
#include "actors/registry/top_rows.hpp"
#include "config/catalogue.hpp"
#include "config/log.hpp"
#include "messages/backend.hpp"
#include "messages/samples.hpp"

#include <caf/actor_clock.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Where the columns of results are. The databases of one backend share it.
class result_shapes {
public:
  /// Logs about the backend, at the level of a warning.
  using complain = std::function<void(const log_fields& fields, const std::string& line)>;

  result_shapes(catalogue_ptr queries, complain warn)
    : queries_{std::move(queries)}, warn_{std::move(warn)} {}

  /// Warns of what is amiss with a shape that was not seen before.
  const column_map& of(size_t query, const PGresult& rows);

private:
  struct shape {
    column_map columns;
    std::set<std::vector<std::string>> reported; ///< Columns of results that a warning was about.
  };

  void warn_about(const query_definition& query, shape& known) const;

  catalogue_ptr queries_;
  complain warn_;
  std::map<size_t, shape> shapes_; ///< By query.
};

/// The results of one database.
class block_maker {
public:
  using time_point = caf::actor_clock::time_point;

  /// @param of The static labels of the backend, and whether all databases are watched.
  /// @param database Its name, for queries that have it as a label.
  block_maker(catalogue_ptr queries, const backend& target, std::string_view database);

  /// The backend has other static labels from now on.
  void relabel(const label_list& labels);

  /// A poll begins: results of one that did not end are forgotten.
  void begin();

  /// The rows of one query. Those of a query whose series would have a label of the backend twice
  /// are left out: the backend is about to be removed for that.
  /// @returns the section, or null when it is left out.
  section_ptr take(size_t query, const PGresult& rows, result_shapes& shapes, time_point now,
                   decode_report& report);

  /// The poll is over.
  /// @param kept By query: without a new result, its rows of an earlier poll stay.
  [[nodiscard]] block_ptr finish(const std::vector<bool>& kept);

  /// f(query, section) for what has come since begin().
  void each_fresh(const std::function<void(const query_definition&, const section&)>& f) const;

private:
  /// What is remembered about one query.
  struct memory {
    section_ptr shown; ///< What is on the page.
    section_ptr fresh; ///< Of the poll under way; null: none came.
    std::optional<time_sums> sums;
    std::optional<top_rows> limit;
    bool doubled = false;
  };

  memory& memory_of(size_t query);
  [[nodiscard]] std::string_view fixed_labels(const query_definition& query) const;

  catalogue_ptr queries_;
  label_list labels_;
  bool all_databases_;
  std::string datname_;               ///< Rendered.
  std::map<size_t, memory> memories_; ///< Of queries that have had a result.
};

/// Logs every sample.
void log_samples(const own_log_level& level, const std::string& backend,
                 const query_definition& query, const section& rows);

} // namespace pgstatsmon
