// Members as backends.
#include "actors/discovery/patroni_view.hpp"

#include "actors/discovery/vmapi_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

/// How the states of a member begin that has no server yet, or none any more on purpose. One that
/// crashed or can't start is watched on: it is down.
constexpr std::array<std::string_view, 6> absent{"stopped",
                                                 "creating replica",
                                                 "initializing new cluster",
                                                 "initdb failed",
                                                 "running custom bootstrap script",
                                                 "custom bootstrap failed"};

bool is_absent(std::string_view state) {
  return std::any_of(absent.begin(), absent.end(),
                     [state](std::string_view x) { return state.starts_with(x); });
}

} // namespace

bool is_wanted(const std::string& scope, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const auto& x) {
           return matches(x, scope);
         });
}

found_list backends_of(const std::vector<patroni_cluster>& xs) {
  found_list result;
  for (const auto& cluster : xs)
    for (const auto& member : cluster.members) {
      auto name = fmt::format("{}-{}", cluster.scope, member.name);
      if (is_absent(member.state)) {
        result.rejected.push_back(
          {std::move(name), reject_reason::state, "its state is " + member.state});
        continue;
      }
      if (member.address.empty()) {
        result.rejected.push_back(
          {std::move(name), reject_reason::address, "it does not say where its server is"});
        continue;
      }
      found_backend found;
      found.key = fmt::format("{}/{}", cluster.scope, member.name);
      found.name = std::move(name);
      found.address = member.address;
      found.port = member.port;
      found.labels = {{"cluster", cluster.scope}, {"member", member.name}};
      result.backends.push_back(std::move(found));
    }
  return result;
}

} // namespace pgstatsmon
