// Sorting backends into clusters, and counting changes of roles.
#include "actors/fleet/fleet_model.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pgstatsmon {

bool fleet_model::look(const std::vector<seen_backend>& all, double unix_now) {
  if (!compare(all))
    return false;
  std::map<std::string_view, std::vector<seen_backend>> news;
  for (const auto& [system, x] : clusters_)
    if (x.differs)
      news[system];
  for (const auto& x : all)
    if (auto i = news.find(x.report->identity->system); i != news.end())
      i->second.push_back(x);
  for (auto& [system, seen] : news) {
    auto i = clusters_.find(system);
    if (seen.empty())
      clusters_.erase(i);
    else
      look_at(i->second, std::move(seen), unix_now);
  }
  make_view();
  return true;
}

/// Marks the clusters that are not as they were seen last. Most looks find none, and copy nothing.
bool fleet_model::compare(const std::vector<seen_backend>& all) {
  for (auto& [system, x] : clusters_) {
    x.alike = 0;
    x.differs = false;
  }
  for (const auto& x : all) {
    const auto& system = x.report->identity->system;
    if (system.empty())
      continue;
    auto i = clusters_.find(system);
    if (i == clusters_.end())
      i = clusters_.try_emplace(system, cluster{{}, cluster_model{system}}).first;
    auto& of = i->second;
    if (of.alike < of.seen.size() && of.seen[of.alike] == x)
      ++of.alike;
    else
      of.differs = true;
  }
  auto changed = false;
  for (auto& [system, x] : clusters_) {
    x.differs = x.differs || x.alike < x.seen.size();
    changed = changed || x.differs;
  }
  return changed;
}

void fleet_model::look_at(cluster& x, std::vector<seen_backend> now, double unix_now) {
  x.seen = std::move(now);
  x.servers = servers_of(x.seen);
  x.model.look(x.servers, unix_now);
  note_roles(x, unix_now);
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
