// Chooses variants by version, role and rights.
#include "actors/backend/plan.hpp"

#include <algorithm>

namespace pgstatsmon {

plan make_plan(const catalogue& queries, int32_t server_version, server_role role,
               bool have_functions) {
  auto fits = [=](const sql_variant& x) {
    return server_version >= x.from && (x.until == 0 || server_version < x.until)
           && (x.role == server_role::unknown || x.role == role)
           && (!x.needs_functions || have_functions);
  };
  plan result;
  result.reserve(queries.queries().size());
  for (const auto& query : queries.queries()) {
    auto i = std::ranges::find_if(query.variants, fits);
    if (i == query.variants.end())
      result.emplace_back(std::nullopt);
    else
      result.emplace_back(static_cast<size_t>(i - query.variants.begin()));
  }
  return result;
}

} // namespace pgstatsmon
