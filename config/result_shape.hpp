// Whether what SQL delivers is what its definition says. Pure.
#pragma once

#include "config/definition.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A column of a result.
struct result_column {
  std::string name;
  std::string type; ///< As format_type() writes it: `bigint`, `double precision[]`.

  friend bool operator==(const result_column&, const result_column&) = default;
};

/// What is wrong with a variant, seen from the columns that its SQL delivers: columns that are
/// missing, that are not declared or come twice, and such whose type makes no sample or no label.
/// A fault stands where the label or the metric does, or the SQL when it has a column too many.
/// Of a query that tells events any column may come beside its key.
/// Of a pgbouncer any column may come that is not declared, and only those are missing that its
/// version has.
/// @param variant Index into query_definition::variants.
/// @param version Of the server, as 150018; only a pgbouncer's counts.
std::vector<fault> shape_faults(const located_definition& of, size_t variant,
                                const std::vector<result_column>& columns, int32_t version = 0);

} // namespace pgstatsmon
