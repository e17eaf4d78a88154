// Several backends that are one server.
#include "actors/fleet/seen_backend.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

bool same_address(const seen_backend& a, const seen_backend& b) {
  return a.report->reached_at == b.report->reached_at && a.value->port == b.value->port;
}

/// An address may lead to several servers (a pooler's), and a server has several; when its
/// postmaster began is of one server alone.
bool are_one(const seen_backend& a, const seen_backend& b) {
  if (a.report->identity->started == b.report->identity->started)
    return true;
  return a.fresh != b.fresh && same_address(a, b);
}

} // namespace

std::vector<seen_server> servers_of(const std::vector<seen_backend>& all) {
  std::vector<seen_server> result;
  auto add = [&](const seen_backend& x) {
    auto is_of = [&](const seen_server& y) {
      return std::ranges::any_of(y.backends, [&](const auto& z) { return are_one(x, z); });
    };
    auto i = std::ranges::find_if(result, is_of);
    if (i == result.end())
      i = result.insert(result.end(), seen_server{});
    i->backends.push_back(x);
    i->fresh = i->fresh || x.fresh;
    if (i->report == nullptr || x.report->when > i->report->when)
      i->report = x.report;
  };
  // What is down joins what is up, and never joins two of those.
  for (const auto& x : all)
    if (x.fresh)
      add(x);
  for (const auto& x : all)
    if (!x.fresh)
      add(x);
  for (auto& x : result)
    std::ranges::sort(x.backends, {}, &seen_backend::life);
  std::ranges::sort(result, {}, [](const auto& x) { return x.first().life; });
  return result;
}

} // namespace pgstatsmon
