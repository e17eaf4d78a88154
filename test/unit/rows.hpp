// Results of queries without a server.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace pgstatsmon::test {

using row = std::vector<std::optional<std::string>>; ///< nullopt is NULL.

/// A result as libpq would have read it.
/// @param types Of the columns (pg_type.oid); text where it is too short.
inline std::shared_ptr<PGresult> make_rows(std::vector<std::string> columns,
                                           const std::vector<row>& rows,
                                           const std::vector<Oid>& types = {}) {
  constexpr Oid text = 25;
  std::shared_ptr<PGresult> result{PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear};
  std::vector<PGresAttDesc> descriptions;
  for (auto& x : columns)
    descriptions.push_back({x.data(), 0, 0, 0,
                            descriptions.size() < types.size() ? types[descriptions.size()] : text,
                            -1, -1});
  PQsetResultAttrs(result.get(), static_cast<int>(columns.size()), descriptions.data());
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = 0; j < columns.size(); ++j) {
      auto cell = rows[i].at(j);
      PQsetvalue(result.get(), static_cast<int>(i), static_cast<int>(j),
                 cell ? cell->data() : nullptr, cell ? static_cast<int>(cell->size()) : -1);
    }
  return result;
}

} // namespace pgstatsmon::test
