// Putting a flight together.
#include "actors/backend/flight.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

std::string prepared_statements::name(key x) const {
  return fmt::format("pgstatsmon_{}_{}", x.first, x.second);
}

flight make_flight(const catalogue& queries, const plan& what, const flight_extras& extras,
                   const found_facts& found, const prepared_statements& prepared,
                   bool keep_prepared) {
  flight result;
  auto add = [&](purpose x, const std::string& sql) {
    if (sql.empty() && x != purpose::arrival)
      return;
    auto pinned = x == purpose::role || x == purpose::rights || x == purpose::facts;
    result.statements.push_back({.pins = pinned ? extras.pins : std::string{}, .sql = sql});
    result.steps.push_back({x, 0, 0});
  };
  add(purpose::arrival, {});
  add(purpose::guards, extras.guards);
  add(purpose::role, extras.role);
  add(purpose::rights, extras.rights);
  add(purpose::facts, extras.facts);
  for (size_t i = 0; i < what.size(); ++i) {
    if (!what[i])
      continue;
    prepared_statements::key key{i, *what[i]};
    const auto& query = queries.queries()[i];
    const auto& text = query.variants[*what[i]].sql;
    // An extension may move, and then the statement would be another one of the same name.
    auto moves = text.find("{schema ") != std::string::npos;
    auto keep = keep_prepared && !moves && !prepared.is_given_up(key);
    auto known = keep && prepared.contains(key);
    auto name = keep ? prepared.name(key) : std::string{};
    auto sql = known ? std::string{} : moves ? found.with_schemas(text) : text;
    auto own_limit = query.timeout.count() > 0 && extras.pins_for;
    result.longest = std::max(result.longest, query.timeout);
    result.statements.push_back({.pins = own_limit ? extras.pins_for(query.timeout) : extras.pins,
                                 .name = std::move(name),
                                 .sql = std::move(sql),
                                 .prepare = keep && !known});
    result.steps.push_back({purpose::query, i, *what[i]});
  }
  return result;
}

} // namespace pgstatsmon
