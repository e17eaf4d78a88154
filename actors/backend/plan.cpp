// Chooses variants by version, role, rights and what the operator wants.
#include "actors/backend/plan.hpp"

#include "actors/registry/families.hpp"
#include "config/collect.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// The first need that does not hold; null when all do.
const need* missing(const std::vector<need>& needs, const plan_facts& of) {
  auto holds = [&](const need& x) {
    return x.what == need::kind::functions ? of.functions : of.found.holds(x);
  };
  auto i = std::ranges::find_if_not(needs, holds);
  return i == needs.end() ? nullptr : &*i;
}

bool fits_version(const sql_variant& x, const plan_facts& of) {
  return of.version >= x.from && (x.until == 0 || of.version < x.until);
}

bool fits_role(const sql_variant& x, const plan_facts& of) {
  return x.role == server_role::unknown || x.role == of.role;
}

std::optional<size_t> choose(const query_definition& query, const plan_facts& of) {
  if (of.visit && query.scope != query_scope::database)
    return std::nullopt;
  if (query.kind != of.kind || !collects(of.collect, query) || missing(query.needs, of) != nullptr)
    return std::nullopt;
  auto i = std::ranges::find_if(query.variants, [&](const sql_variant& x) {
    return fits_version(x, of) && fits_role(x, of) && missing(x.needs, of) == nullptr;
  });
  if (i == query.variants.end())
    return std::nullopt;
  return static_cast<size_t>(i - query.variants.begin());
}

} // namespace

plan make_plan(const catalogue& queries, const plan_facts& of) {
  plan result;
  result.reserve(queries.queries().size());
  for (const auto& query : queries.queries())
    result.push_back(choose(query, of));
  return result;
}

std::string why_left_out(const query_definition& query, const plan_facts& of) {
  if (choose(query, of))
    return {};
  if (query.kind != of.kind)
    return fmt::format("of kind: {}", to_string_view(query.kind));
  if (!collects(of.collect, query))
    return fmt::format("switched off (set {})", query.set);
  auto fits = query.variants;
  std::erase_if(fits, [&](const auto& x) { return !fits_version(x, of); });
  if (fits.empty())
    return fmt::format("not for {} {}", product_name(of.kind), version_text(of.version));
  std::erase_if(fits, [&](const auto& x) { return !fits_role(x, of); });
  if (fits.empty())
    return of.role == server_role::standby ? "for a primary only" : "for a standby only";
  const auto* lacks = missing(query.needs, of);
  if (lacks == nullptr)
    lacks = missing(fits.back().needs, of);
  return lacks == nullptr ? std::string{} : "needs " + to_string(*lacks);
}

std::string why_not_elsewhere(const query_definition& query, const plan_facts& of) {
  auto there = of;
  there.functions = false;
  if (query.scope != query_scope::database || !choose(query, of))
    return {};
  return why_left_out(query, there);
}

} // namespace pgstatsmon
