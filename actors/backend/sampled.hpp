// Which queries are asked between two polls, too.
#pragma once

#include "config/catalogue.hpp"

#include <algorithm>

namespace pgstatsmon {

/// Whether more looks make a query's numbers better: those that it adds up over time.
inline bool can_be_sampled(const query_definition& query) {
  return std::ranges::any_of(query.metrics, &metric_definition::integral);
}

} // namespace pgstatsmon
