// Which queries are collected from a backend, of which tables, and at what cost.
#pragma once

#include <caf/meta/type_name.hpp>
#include <caf/timespan.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// Which tables are shown, by `schema.table`; indexes go with their tables.
struct table_rules {
  std::vector<std::string>
    include{}; ///< PostgreSQL's regular expressions of whole names; empty: all.
  std::vector<std::string> exclude{}; ///< The same; wins.

  friend bool operator==(const table_rules&, const table_rules&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, table_rules& x) {
  return f(caf::meta::type_name("table_rules"), x.include, x.exclude);
}

/// Queries by the sets that they belong to, and by name. Names win.
struct collect_rules {
  std::vector<std::string> sets{"original", "core", "standard", "exporter"};
  std::vector<std::string> on;  ///< Queries, whatever their set.
  std::vector<std::string> off; ///< The same; none of them is in `on`.
  table_rules tables{};
  double server_share = 0.01;   ///< Of one CPU of the server, for our queries; 1: no limit.
  double own_share = 1;         ///< Of one CPU of ours, for its results; 1: no limit.
  caf::timespan sample{0};      ///< How often what sessions do is asked; 0: with each poll.
  bool statement_texts = false; ///< Statements that run may be shown as they are.

  friend bool operator==(const collect_rules&, const collect_rules&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, collect_rules& x) {
  return f(caf::meta::type_name("collect_rules"), x.sets, x.on, x.off, x.tables, x.server_share,
           x.own_share, x.sample, x.statement_texts);
}

} // namespace pgstatsmon
