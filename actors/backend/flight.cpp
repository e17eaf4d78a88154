// Putting a flight together.
#include "actors/backend/flight.hpp"

#include "config/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

/// How long past its time limit a server may be silent: the time that "timeout" needs to travel.
constexpr auto grace = std::chrono::seconds{1};

} // namespace

std::string prepared_statements::name(key x) const {
  return fmt::format("pgstatsmon_{}_{}", x.first, x.second);
}

flight_extras extras_for(const session_limits& limits, const server_facts& facts, footing how) {
  flight_extras result;
  if (how != footing::own)
    result.pins = local_pins(limits, facts.version);
  if (how == footing::unknown)
    result.guards = session_pins(limits, facts.version, facts.process);
  result.pins_for = [limits = session_limits{limits}, version = facts.version,
                     own = how == footing::own](std::chrono::milliseconds timeout) mutable {
    if (own)
      return timeout_pin(timeout.count());
    limits.statement_timeout = timeout.count();
    return local_pins(limits, version);
  };
  return result;
}

std::chrono::milliseconds patience_for(std::chrono::milliseconds own_limit,
                                       std::chrono::milliseconds query_timeout) {
  return std::max(query_timeout, own_limit) + grace;
}

std::optional<session_error> too_many_rows(const pg_result* rows, uint32_t most) {
  if (rows == nullptr || static_cast<uint32_t>(PQntuples(rows)) <= most)
    return std::nullopt;
  return session_error{
    .reason = failure::too_large,
    .message = fmt::format("{} rows, more than connections.max_query_rows", PQntuples(rows))};
}

std::optional<bool> boolean(const pg_result* rows) {
  if (rows == nullptr || PQntuples(rows) != 1 || PQnfields(rows) < 1
      || PQgetisnull(rows, 0, 0) != 0)
    return std::nullopt;
  return *PQgetvalue(rows, 0, 0) == 't';
}

flight make_flight(const catalogue& queries, const plan& what, const flight_extras& extras,
                   const plan_facts& facts, const session_memory& memory) {
  flight result;
  auto add = [&](purpose why, const std::string& sql) {
    if (sql.empty() && why != purpose::arrival)
      return;
    auto pinned = why == purpose::role || why == purpose::rights || why == purpose::facts
                  || why == purpose::place;
    result.statements.push_back({.pins = pinned ? extras.pins : std::string{}, .sql = sql});
    result.steps.push_back({.what = why});
  };
  add(purpose::arrival, extras.arrival);
  add(purpose::guards, extras.guards);
  add(purpose::role, extras.role);
  add(purpose::rights, extras.rights);
  add(purpose::facts, extras.facts);
  add(purpose::place, extras.place);
  for (size_t i = 0; i < what.size(); ++i) {
    if (!what[i])
      continue;
    prepared_statements::key key{i, *what[i]};
    const auto& query = queries.queries()[i];
    const auto& text = query.variants[*what[i]].sql;
    // An extension may move, and then the statement would be another one of the same name.
    auto moves = text.find("{schema ") != std::string::npos;
    auto keep = memory.ground == footing::own && !moves && !memory.prepared.is_given_up(key);
    auto known = keep && memory.prepared.contains(key);
    auto name = keep ? memory.prepared.name(key) : std::string{};
    auto sql =
      known ? std::string{} : with_tables(facts.found.with_schemas(text), facts.collect.tables);
    auto own_limit = query.timeout.count() > 0 && extras.pins_for;
    result.statements.push_back({.pins = own_limit ? extras.pins_for(query.timeout) : extras.pins,
                                 .name = std::move(name),
                                 .sql = std::move(sql),
                                 .prepare = keep && !known});
    result.steps.push_back(
      {.what = purpose::query, .query = i, .variant = *what[i], .limit = query.timeout});
  }
  for (auto i : extras.texts) {
    const auto& query = queries.queries()[i];
    auto own_limit = query.timeout.count() > 0 && extras.pins_for;
    result.statements.push_back({.pins = own_limit ? extras.pins_for(query.timeout) : extras.pins,
                                 .sql = facts.found.with_schemas(query.texts)});
    result.steps.push_back({.what = purpose::texts, .query = i, .limit = query.timeout});
  }
  return result;
}

} // namespace pgstatsmon
