// Which families a page has, in which order: the same for all pages of a catalogue.
#pragma once

#include "actors/registry/families.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A family of samples that a query brings.
struct data_family {
  size_t query;  ///< Index into catalogue::queries().
  size_t metric; ///< Of the query.
  const metric_definition* definition;
  bool in_databases; ///< The other databases of a server have it, too.
};

/// Immutable once made.
struct page_layout {
  catalogue_ptr queries;
  own_metrics shown = own_metrics::contract; ///< What there is of a backend's own counts.
  std::vector<data_family> data;
  std::vector<own_family> own; ///< They follow the data.
};

using layout_ptr = std::shared_ptr<const page_layout>;

/// @param queries Names and order of the data families.
/// @param only Names of queries. Unless it is empty, their data, their times and `pg_up` or
/// `pgbouncer_up` are all there is of a backend.
layout_ptr make_layout(const catalogue_ptr& queries, own_metrics shown,
                       const std::vector<std::string>& only = {});

/// The layout of whole pages, made anew when what it is made of has changed. Any thread.
class layout_cell {
public:
  layout_ptr get(const catalogue_ptr& queries, own_metrics shown);

private:
  std::mutex mutex_;
  layout_ptr newest_;
};

} // namespace pgstatsmon
