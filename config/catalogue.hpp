// The catalogue: every query definition, and the families of samples that they make.
#pragma once

#include "messages/backend.hpp"

#include <caf/expected.hpp>

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
  bool needs_functions = false; ///< Uses the functions that setup makes before PostgreSQL 10.
  std::string sql;

  friend bool operator==(const sql_variant&, const sql_variant&) = default;
};

enum class metric_type : uint8_t { counter, gauge };

/// What becomes of a metric's values in rows whose labels are equal: a page can have one of them.
enum class duplicate_rule : uint8_t {
  first, ///< The first row's value. Others are left out, which is counted.
  min,   ///< The smallest value.
  max,   ///< The largest value.
  sum,   ///< All values added up.
};

/// A column that becomes a family of samples.
struct metric_definition {
  std::string column; ///< As the result names it.
  std::string family; ///< The metric's full name, `<query>_<column>[_<unit>]`.
  std::string help;
  metric_type type = metric_type::gauge;
  duplicate_rule duplicates = duplicate_rule::first;

  friend bool operator==(const metric_definition&, const metric_definition&) = default;
};

/// One query: what it asks of which server, and what becomes of the columns.
struct query_definition {
  std::string name;                  ///< `pg_stat_user_tables`; unique.
  std::string help;                  ///< What the query reads, a sentence.
  std::vector<sql_variant> variants; ///< The first that fits is used.
  std::vector<std::string> labels;   ///< Columns that become labels, in order.
  std::vector<metric_definition> metrics;

  friend bool operator==(const query_definition&, const query_definition&) = default;
};

/// All definitions, in the order in which a poll sends them. Immutable.
class catalogue {
public:
  explicit catalogue(std::vector<query_definition> queries);

  [[nodiscard]] const std::vector<query_definition>& queries() const noexcept { return queries_; }

  /// The number of metrics of all queries.
  [[nodiscard]] size_t families() const noexcept { return families_; }

private:
  std::vector<query_definition> queries_;
  size_t families_ = 0;
};

using catalogue_ptr = std::shared_ptr<const catalogue>;

/// The definitions of config/queries/, which are compiled into the program. Throws std::logic_error
/// when they are wrong, which a unit test rules out.
catalogue_ptr built_in_catalogue();

/// Reads every `*.yaml` file of a directory, in the order of the file names.
/// @returns the catalogue, or ec::bad_configuration with every fault of every file, a line each,
/// in the form of the configuration's faults; ec::unreadable_file for the directory. Never throws.
caf::expected<catalogue_ptr> load_catalogue(const std::string& directory);

/// Reads definitions from text: pairs of file name and content. Faults as load_catalogue's.
caf::expected<catalogue_ptr>
parse_catalogue(const std::vector<std::pair<std::string, std::string>>& files);

} // namespace pgstatsmon
