// Chooses variants by version, role, rights and what the operator wants.
#include "actors/backend/plan.hpp"

#include "actors/registry/families.hpp"
#include "config/collect.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgstatsmon {

namespace {

/// The first need that does not hold; null when all do.
const need* missing(const std::vector<need>& needs, const plan_facts& facts) {
  auto holds = [&](const need& x) {
    return x.what == need::kind::functions ? facts.functions : facts.found.holds(x);
  };
  auto i = std::ranges::find_if_not(needs, holds);
  return i == needs.end() ? nullptr : &*i;
}

bool fits_version(const sql_variant& variant, const plan_facts& facts) {
  return facts.version >= variant.from && (variant.until == 0 || facts.version < variant.until);
}

bool fits_role(const sql_variant& variant, const plan_facts& facts) {
  return variant.role == server_role::unknown || variant.role == facts.role;
}

std::optional<size_t> choose(const query_definition& query, const plan_facts& facts) {
  if (facts.visit && query.scope != query_scope::database)
    return std::nullopt;
  if (query.kind != facts.kind || !collects(facts.collect, query)
      || missing(query.needs, facts) != nullptr)
    return std::nullopt;
  auto i = std::ranges::find_if(query.variants, [&](const sql_variant& variant) {
    return fits_version(variant, facts) && fits_role(variant, facts)
           && missing(variant.needs, facts) == nullptr;
  });
  if (i == query.variants.end())
    return std::nullopt;
  return static_cast<size_t>(i - query.variants.begin());
}

} // namespace

plan make_plan(const catalogue& queries, const plan_facts& facts) {
  plan result;
  result.reserve(queries.queries().size());
  for (const auto& query : queries.queries())
    result.push_back(choose(query, facts));
  return result;
}

std::string why_left_out(const query_definition& query, const plan_facts& facts) {
  if (choose(query, facts))
    return {};
  if (query.kind != facts.kind)
    return fmt::format("of kind: {}", to_string_view(query.kind));
  if (!collects(facts.collect, query))
    return fmt::format("switched off (set {})", query.set);
  auto fits = query.variants;
  std::erase_if(fits, [&](const auto& variant) { return !fits_version(variant, facts); });
  if (fits.empty())
    return fmt::format("not for {} {}", product_name(facts.kind), version_text(facts.version));
  std::erase_if(fits, [&](const auto& variant) { return !fits_role(variant, facts); });
  if (fits.empty())
    return facts.role == server_role::standby ? "for a primary only" : "for a standby only";
  const auto* lacks = missing(query.needs, facts);
  if (lacks == nullptr)
    lacks = missing(fits.back().needs, facts);
  return lacks == nullptr ? std::string{} : "needs " + to_string(*lacks);
}

std::string why_not_elsewhere(const query_definition& query, const plan_facts& facts) {
  auto there = facts;
  there.functions = false;
  if (query.scope != query_scope::database || !choose(query, facts))
    return {};
  return why_left_out(query, there);
}

} // namespace pgstatsmon
