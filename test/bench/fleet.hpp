// Results as servers of three sizes give them: small = 10 tables, medium = 200, large = 2,000.
#pragma once

#include "test/unit/rows.hpp"

#include "actors/registry/decode.hpp"
#include "actors/registry/snapshot.hpp"
#include "config/catalogue.hpp"

#include <fmt/format.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pgstatsmon::bench {

/// What a query returns from a server with `tables` tables and twice as many indexes: a row for
/// each if it has labels of that kind, else a few.
inline size_t rows_of(const query_definition& query, size_t tables) {
  auto has = [&](std::string_view label) {
    return std::find(query.labels.begin(), query.labels.end(), label) != query.labels.end();
  };
  if (has("vacuum_mode"))
    return 0;
  if (has("indexrelname"))
    return 2 * tables;
  if (has("relname"))
    return tables;
  return has("datname") ? 2 : 1;
}

inline std::shared_ptr<PGresult> make_result(const query_definition& query, size_t tables,
                                             std::mt19937_64& random) {
  std::vector<std::string> columns = query.labels;
  for (const auto& x : query.metrics)
    columns.push_back(x.column);
  std::vector<test::row> rows(rows_of(query, tables));
  for (size_t i = 0; i < rows.size(); ++i) {
    for (const auto& label : query.labels)
      rows[i].emplace_back(label == "schemaname" ? "public" : fmt::format("{}_{}", label, i));
    for (size_t j = 0; j < query.metrics.size(); ++j)
      rows[i].emplace_back(std::to_string(random() >> (20 + random() % 44)));
  }
  return test::make_rows(std::move(columns), rows);
}

/// One result for each query of the catalogue.
inline std::vector<std::shared_ptr<PGresult>> make_results(const catalogue& queries,
                                                           size_t tables) {
  std::mt19937_64 random{tables};
  std::vector<std::shared_ptr<PGresult>> result;
  for (const auto& query : queries.queries())
    result.push_back(make_result(query, tables, random));
  return result;
}

inline block_ptr make_block(const catalogue_ptr& queries,
                            const std::vector<std::shared_ptr<PGresult>>& results) {
  std::vector<section_ptr> sections;
  for (size_t i = 0; i < results.size(); ++i) {
    const auto& query = queries->queries()[i];
    decode_report report;
    sections.push_back(std::make_shared<const section>(
      decode(query, {}, map_columns(query, *results[i]), *results[i], report)));
  }
  return std::make_shared<const block>(queries, std::move(sections));
}

/// Backends that all have been polled.
inline snapshot_ptr make_fleet(const catalogue_ptr& queries, size_t backends, size_t tables) {
  auto results = make_results(*queries, tables);
  auto fleet = std::make_shared<entry_list>();
  for (size_t i = 0; i < backends; ++i) {
    backend x;
    x.name = fmt::format("backend-{}.example.com", i);
    x.labels = {{"datacenter", "us-east-1"}};
    fleet->push_back(std::make_shared<entry>(x, i + 1, std::make_shared<backend_metrics>(queries)));
    fleet->back()->samples = make_block(queries, results);
  }
  return fleet;
}

} // namespace pgstatsmon::bench
