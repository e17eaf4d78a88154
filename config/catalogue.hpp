// The catalogue: every query definition, and the families of samples that they make.
#pragma once

#include "config/needs.hpp"
#include "messages/backend.hpp"
#include "messages/vital_signs.hpp"

#include <caf/expected.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A query's SQL for a range of server versions (`server_version_num`).
struct sql_variant {
  int32_t from = 0;                        ///< First version that it fits.
  int32_t until = 0;                       ///< First version that it no longer fits; 0: none.
  server_role role = server_role::unknown; ///< Only on such servers; unknown: on any.
  std::vector<need> needs{};               ///< All must hold, beside those of the query.
  std::string sql{}; ///< `{schema EXTENSION}` stands for the schema that an extension is in.

  friend bool operator==(const sql_variant&, const sql_variant&) = default;
};

enum class metric_type : uint8_t { counter, gauge, histogram };

/// What a sample is made of.
enum class sample_source : uint8_t {
  number, ///< The column's number.
  row,    ///< 1, as the row is there. The column need not be.
  state,  ///< 1 if the column's text is the metric's state, else 0.
  bucket, ///< Of the column's array of numbers: how many do not exceed the metric's bound.
  sum,    ///< Of the column's array of numbers: all added up.
  count,  ///< Of the column's array of numbers: how many there are.
};

/// What becomes of a metric's values in rows whose labels are equal: a page can have one of them.
enum class duplicate_rule : uint8_t {
  first, ///< The first row's value. Others are left out, which is counted.
  min,   ///< The smallest value.
  max,   ///< The largest value.
  sum,   ///< All values added up.
};

/// What postgres_exporter calls a family that the original has under another name.
struct exporter_name {
  std::string family;
  metric_type type = metric_type::gauge;
  double scale = 1;

  friend bool operator==(const exporter_name&, const exporter_name&) = default;
};

/// Rows whose label is one of a few texts.
struct label_condition {
  size_t label = 0; ///< Index into query_definition::labels.
  std::vector<std::string> values;

  friend bool operator==(const label_condition&, const label_condition&) = default;
};

/// What a metric adds to a vital sign.
struct vital_part {
  /// How the values of rows, and of several metrics, are put together.
  enum class joining : uint8_t { sum, max };

  vital_sign sign = vital_sign::transactions;
  std::vector<label_condition> where{}; ///< Rows count for which all hold.
  joining rows = joining::sum;
  std::optional<double> otherwise{}; ///< What it is when no row has a value; nothing: unknown.

  friend bool operator==(const vital_part&, const vital_part&) = default;
};

/// One sample of each row. Most columns make one; a histogram or a set of states makes several,
/// which stand one after another and are one family.
struct metric_definition {
  std::string column; ///< As the result names it.
  std::string family; ///< The metric's full name, `<query>_<column>[_<unit>]` unless given.
  std::string help;
  metric_type type = metric_type::gauge;
  duplicate_rule duplicates = duplicate_rule::first;
  double scale = 1;      ///< What a number is multiplied by.
  bool integral = false; ///< Shown is what it adds up to over time, in its unit times seconds.
  sample_source source = sample_source::number;
  double bound = 0;     ///< Of a bucket; infinity for the last one.
  std::string state{};  ///< Of a state.
  std::string suffix{}; ///< What the sample's name has behind the family's: `_bucket`.
  std::string label{};  ///< Rendered, of this sample alone: `le="5"`.
  bool leads = true;    ///< The first of its family.
  std::string also{};   ///< What other versions call the column; empty: nothing else.
  int32_t from = 0;     ///< First version whose result has the column.
  int32_t until = 0;    ///< First version whose result no longer has it; 0: none.
  std::optional<exporter_name> exporter{};
  std::vector<vital_part> vitals{}; ///< The vital signs that it is part of.

  friend bool operator==(const metric_definition&, const metric_definition&) = default;
};

/// Where a query has to be asked.
enum class query_scope : uint8_t {
  server,   ///< Once a server: it says the same in every database.
  database, ///< In each database that is watched.
};

/// Of a result with a name and a value in each row, which is read as one row with a column for
/// each.
struct pivot_columns {
  std::string name;  ///< The column with the names.
  std::string value; ///< The column with the values.

  friend bool operator==(const pivot_columns&, const pivot_columns&) = default;
};

/// Which rows reach the page when there are many.
struct row_limit {
  /// What the rows are ranked by.
  enum class rank : uint8_t {
    value,  ///< The metric's value.
    growth, ///< What it has grown by since it was read last.
  };

  uint32_t rows = 0;        ///< At most; 0: all.
  size_t by = 0;            ///< Index into query_definition::metrics.
  rank order = rank::value; ///< The largest are kept.
  bool other = false;       ///< All others are one row, whose labels are `other`.

  friend bool operator==(const row_limit&, const row_limit&) = default;
};

/// What becomes of the rows of a query that makes no series.
struct row_events {
  /// What is told.
  enum class occasion : uint8_t {
    each,   ///< Each row of each answer.
    change, ///< Rows that came, went or are others than in the answer before.
  };

  occasion when = occasion::each;
  std::vector<std::string> key{}; ///< The columns that say what a row is about.

  friend bool operator==(const row_events&, const row_events&) = default;
};

/// One query: what it asks of which server, and what becomes of the columns.
struct query_definition {
  std::string name;                  ///< `pg_stat_user_tables`; unique.
  std::string help;                  ///< What the query reads, a sentence.
  std::vector<sql_variant> variants; ///< The first that fits is used.
  std::vector<std::string> labels;   ///< Columns that become labels, in order.
  std::vector<metric_definition> metrics;
  std::string set = "core"; ///< What it is switched on and off with.
  query_scope scope = query_scope::server;
  bool datname = false; ///< Its samples have the database as a label, though it is the only one.
  std::chrono::milliseconds every{0};   ///< Its own interval; 0: each poll.
  std::chrono::milliseconds timeout{0}; ///< Its own time limit; 0: connections.query_timeout.
  std::vector<need> needs{};            ///< All must hold.
  row_limit limit{};
  backend_kind kind = backend_kind::postgres; ///< Of the backends that are asked.
  std::optional<pivot_columns> pivot{};

  /// Each row is a standby, and these metrics are its positions in the WAL, in bytes: sent,
  /// written, flushed, replayed. Nothing: it tells of no standbys.
  std::optional<std::array<size_t, 4>> replication{};

  /// SQL for what people may want to read of its rows: its labels and a column `text`. Asked when
  /// somebody does, and never for the page. Empty: there is none.
  std::string texts{};

  /// Its rows are events. It has neither labels nor metrics then.
  std::optional<row_events> events{};

  friend bool operator==(const query_definition&, const query_definition&) = default;
};

/// Whether its samples have the database as a label of ours.
/// @param all_databases Every database of the server is watched.
bool has_datname(const query_definition& query, bool all_databases);

/// The labels of its samples, the backend's own aside.
std::vector<std::string> label_names(const query_definition& query, bool all_databases = false);

/// Where a part of a vital sign is found in a block.
struct vital_source {
  size_t query = 0;  ///< Index into catalogue::queries().
  size_t metric = 0; ///< Index into query_definition::metrics.
  vital_part part;
};

/// Whose names the families have that exist under two.
enum class vocabulary : uint8_t { original, exporter, both };

/// All definitions, in the order in which a poll sends them. Immutable.
class catalogue {
public:
  explicit catalogue(std::vector<query_definition> queries,
                     vocabulary words = vocabulary::original);

  [[nodiscard]] const std::vector<query_definition>& queries() const noexcept { return queries_; }

  /// The number of metrics of all queries.
  [[nodiscard]] size_t families() const noexcept { return families_; }

  /// Whose names the families have.
  [[nodiscard]] vocabulary words() const noexcept { return words_; }

  /// What the vital signs are made of, in the order of the queries.
  [[nodiscard]] const std::vector<vital_source>& vitals() const noexcept { return vitals_; }

private:
  std::vector<query_definition> queries_;
  size_t families_ = 0;
  vocabulary words_;
  std::vector<vital_source> vitals_;
};

using catalogue_ptr = std::shared_ptr<const catalogue>;

/// The catalogue with families named as `whose` has them. postgres_exporter's tables and indexes
/// have their database as a label. The set `exporter`, of what only its dashboards and alerts ask
/// for, is there in its words only.
catalogue_ptr in_words_of(const catalogue_ptr& queries, vocabulary whose);

/// The definitions of config/queries/, which are compiled into the program. Throws std::logic_error
/// when they are wrong, which a unit test rules out.
catalogue_ptr built_in_catalogue();

/// Reads every `*.yaml` file of a directory, in the order of the file names.
/// @returns the catalogue, or ec::bad_configuration with every fault of every file, a line each,
/// in the form of the configuration's faults; ec::unreadable_file for the directory. Never throws.
caf::expected<catalogue_ptr> load_catalogue(const std::string& directory);

/// The definitions that are compiled in and those of a directory, which takes precedence: a query
/// of the same name takes the other one's place. Faults as load_catalogue's. Never throws.
caf::expected<catalogue_ptr> extend_catalogue(const std::string& directory);

/// The paths of all that a definition may say: `name`, `metrics[].column`.
std::vector<std::string> known_definition_keys();

/// Reads definitions from text: pairs of file name and content. Faults as load_catalogue's.
caf::expected<catalogue_ptr>
parse_catalogue(const std::vector<std::pair<std::string, std::string>>& files);

} // namespace pgstatsmon
