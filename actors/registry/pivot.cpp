// libpq makes results of ours as it makes its own, so that whoever reads them sees no difference.
#include "actors/registry/pivot.hpp"

#include <vector>

namespace pgstatsmon {

std::shared_ptr<const PGresult> pivoted(const pivot_columns& columns, const PGresult& rows) {
  std::shared_ptr<PGresult> result{PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear};
  auto name = PQfnumber(&rows, columns.name.c_str());
  auto value = PQfnumber(&rows, columns.value.c_str());
  auto n = PQntuples(&rows);
  if (result == nullptr || name < 0 || value < 0 || n == 0)
    return result;
  std::vector<PGresAttDesc> descriptions;
  for (int i = 0; i < n; ++i)
    descriptions.push_back({PQgetvalue(&rows, i, name), 0, 0, 0, PQftype(&rows, value), -1, -1});
  if (PQsetResultAttrs(result.get(), n, descriptions.data()) == 0)
    return result;
  for (int i = 0; i < n; ++i)
    PQsetvalue(result.get(), 0, i, PQgetvalue(&rows, i, value),
               PQgetisnull(&rows, i, value) != 0 ? -1 : PQgetlength(&rows, i, value));
  return result;
}

} // namespace pgstatsmon
