// A catalogue of two queries, and backends to show on a page.
#pragma once

#include "actors/registry/escape.hpp"
#include "actors/registry/page.hpp"

#include <fmt/format.h>

#include <utility>

namespace pgstatsmon::test {

/// Rows of a query: rendered labels and values.
using table_rows = std::vector<std::pair<std::string, std::vector<double>>>;

inline backend named(std::string name, label_list labels = {}) {
  backend x;
  x.name = std::move(name);
  x.labels = std::move(labels);
  return x;
}

struct page_fixture {
  page_fixture() {
    query_definition tables;
    tables.name = "tables";
    tables.set = "original";
    tables.labels = {"table"};
    tables.scope = query_scope::database;
    tables.metrics = {
      {"scans", "tables_scans", "Scans \\ \n of a \"table\".", metric_type::counter},
      {"size", "tables_size", "Size.", metric_type::gauge}};
    query_definition server;
    server.name = "server";
    server.set = "original";
    server.metrics = {{"age", "server_age", "Age.", metric_type::gauge}};
    queries = std::make_shared<const catalogue>(std::vector{tables, server});
  }

  entry_ptr add(std::string name, label_list labels = {}) {
    backends.push_back(std::make_shared<entry>(named(std::move(name), std::move(labels)),
                                               backends.size() + 1,
                                               std::make_shared<backend_metrics>(queries)));
    backends.back()->metrics->connects = 1;
    backends.back()->answered = true;
    return backends.back();
  }

  void show(const entry_ptr& x, const std::vector<table_rows>& samples) const {
    x->samples = make_block(samples);
  }

  block_ptr make_block(const std::vector<table_rows>& samples) const {
    std::vector<section_ptr> sections;
    for (size_t i = 0; i < samples.size(); ++i) {
      section to{queries->queries()[i].metrics.size()};
      for (const auto& [labels, values] : samples[i]) {
        to.add_row(labels);
        for (size_t j = 0; j < values.size(); ++j)
          to.set(j, values[j]);
      }
      sections.push_back(std::make_shared<const section>(std::move(to)));
    }
    return std::make_shared<const block>(queries, std::move(sections));
  }

  page_reader read_page() const {
    return {std::make_shared<const entry_list>(backends), make_layout(queries, shown),
            [] { return std::string{"daemon 1\n"}; }};
  }

  static std::string rest_of(page_reader& reader, size_t chunk) {
    std::string result;
    std::string buffer(chunk, '\0');
    while (auto n = reader.read(buffer.data(), chunk))
      result.append(buffer, 0, n);
    return result;
  }

  /// The page, read in chunks.
  std::string page(size_t chunk = size_t{1} << 20) const {
    auto reader = read_page();
    return rest_of(reader, chunk);
  }

  catalogue_ptr queries;
  entry_list backends;
  own_metrics shown = own_metrics::contract;
};

} // namespace pgstatsmon::test
