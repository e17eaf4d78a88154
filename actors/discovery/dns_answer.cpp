// Lookups become a list, or a problem.
#include "actors/discovery/dns_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace pgstatsmon {

namespace {

using outcome = dns_lookup::outcome;

void append(std::vector<found_backend>& to, const std::vector<found_backend>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void add_failed(const dns_lookup& x, const dns_memory& last, found_list& to) {
  auto i = last.find({x.name, x.type});
  auto known = i != last.end();
  if (known)
    append(to.backends, i->second);
  to.rejected.push_back(
    {fmt::format("{} ({})", x.name, x.type), reject_reason::lookup,
     fmt::format("{}{}", x.problem.what, known ? "; its last answer stays" : "")});
}

/// Names of which every type that was asked for is gone.
void reject_gone(const std::vector<dns_lookup>& lookups, found_list& to) {
  std::set<std::string_view> there;
  for (const auto& x : lookups)
    if (x.came_to != outcome::gone)
      there.insert(x.name);
  for (const auto& x : lookups)
    if (there.insert(x.name).second)
      to.rejected.push_back({x.name, reject_reason::address, "it has no such records"});
}

/// Servers rotate their answers; a name that is taken goes to the first.
void sort_and_unite(std::vector<found_backend>& xs) {
  auto order = [](const found_backend& x) { return std::tie(x.name, x.port); };
  std::ranges::sort(xs, [&](const auto& x, const auto& y) { return order(x) < order(y); });
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
}

} // namespace

source_answer answer_of(const std::vector<dns_lookup>& lookups, dns_memory& last) {
  auto failed = [](const dns_lookup& x) { return x.came_to == outcome::failed; };
  if (!lookups.empty() && std::ranges::all_of(lookups, failed))
    return lookups.front().problem;
  found_list result;
  for (const auto& x : lookups) {
    if (failed(x)) {
      add_failed(x, last, result);
      continue;
    }
    append(result.backends, x.found);
    result.rejected.insert(result.rejected.end(), x.rejected.begin(), x.rejected.end());
    last.insert_or_assign({x.name, x.type}, x.found);
  }
  reject_gone(lookups, result);
  sort_and_unite(result.backends);
  return result;
}

} // namespace pgstatsmon
