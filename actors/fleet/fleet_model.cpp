// Sorting backends into clusters, and counting changes of roles.
#include "actors/fleet/fleet_model.hpp"

#include <algorithm>
#include <utility>

namespace pgstatsmon {

bool fleet_model::look(const std::vector<seen_backend>& all, double unix_now) {
  std::map<std::string, std::vector<seen_backend>> by_system;
  for (const auto& x : all)
    if (const auto& system = x.report->identity->system; !system.empty())
      by_system[system].push_back(x);
  auto changed =
    std::erase_if(clusters_, [&](const auto& x) { return !by_system.contains(x.first); }) > 0;
  for (auto& [system, seen] : by_system) {
    auto [i, added] = clusters_.try_emplace(system, cluster{{}, cluster_model{system}});
    changed = look_at(i->second, std::move(seen), unix_now) || changed;
  }
  if (changed)
    make_view();
  return changed;
}

bool fleet_model::look_at(cluster& x, std::vector<seen_backend> now, double unix_now) {
  if (now == x.seen)
    return false;
  x.seen = std::move(now);
  x.servers = servers_of(x.seen);
  x.model.look(x.servers, unix_now);
  note_roles(x, unix_now);
  return true;
}

void fleet_model::note_roles(const cluster& x, double unix_now) {
  for (const auto& server : x.servers) {
    if (!server.fresh)
      continue;
    auto standby = server.report->standby;
    // Each of its backends may be its first one day.
    for (const auto& y : server.backends) {
      auto& role = roles_[y.life];
      auto before = std::exchange(role.standby, standby);
      if (before && *before != standby) {
        ++role.changes;
        role.last_change = unix_now;
      }
    }
  }
}

void fleet_model::make_view() {
  auto result = std::make_shared<fleet_view>();
  std::map<incarnation, role_history> roles;
  for (const auto& [system, x] : clusters_) {
    result->clusters.push_back(x.model.view());
    for (const auto& server : x.servers)
      for (const auto& y : server.backends) {
        auto role = roles_.find(y.life);
        if (role == roles_.end())
          continue;
        roles.insert(*role);
        if (y.life == server.first().life)
          result->roles.insert(*role);
        else
          result->same_as.emplace(y.life, server.first().value->name);
      }
  }
  roles_ = std::move(roles); // without those that are gone
  view_ = std::move(result);
}

} // namespace pgstatsmon
