// Standbys that are not watched: known by what their senders tell, and missed when they go.
#include "actors/fleet/cluster_model.hpp"
#include "actors/fleet/cluster_parts.hpp"

#include <algorithm>

namespace pgstatsmon {

// Who was not known yet when its sender told of it, or knows already that its link is cut while its
// sender does not, is missed under its own name alone.
void cluster_model::note_clients(const std::vector<seen_server>& servers, const attachments& all) {
  std::erase_if(clients_, [&](const auto& known) {
    return std::ranges::none_of(
      servers, [&](const seen_server& server) { return server.first().life == known.first; });
  });
  for (size_t i = 0; i < servers.size(); ++i)
    if (const auto* client = client_of(servers, all.of[i]))
      clients_[servers[i].first().life] = name_of(*client);
  for (const auto& [life, name] : clients_)
    unwatched_.forget(name);
}

bool cluster_model::is_client_of_ours(const std::string& name) const {
  return std::ranges::any_of(clients_, [&](const auto& known) { return known.second == name; });
}

void cluster_model::add_unwatched(cluster_view& to, const std::vector<seen_server>& servers,
                                  const attachments& all, double unix_now) {
  unwatched_.begin();
  note_clients(servers, all);
  for (const auto& place : all.unwatched) {
    const auto& sender = servers[place.server];
    const auto& client = sender.report->clients[place.client];
    auto name = name_of(client);
    if (is_client_of_ours(name))
      continue;
    const auto& upstream = sender.first().value->name;
    unwatched_.seen(name, name, upstream, unix_now);
    auto twice = std::ranges::find(to.members, name, &member_view::name) != to.members.end();
    if (twice)
      continue; // two of one name are one
    member_view x{.name = name, .backend = upstream, .life = sender.first().life};
    x.fresh = true;
    x.standby = true;
    x.position = client.replayed;
    x.upstream = upstream;
    x.follows_member = true;
    x.attached = true;
    x.last_attached = unix_now;
    x.how = words_of(client);
    measure(x, history_for(servers, all, place.server), *client.replayed, sender.report->when,
            std::nullopt);
    to.members.push_back(std::move(x));
  }
  // One that is watched from now on is missed under its own name.
  for (const auto& server : servers)
    for (const auto& x : server.backends) {
      unwatched_.forget(x.value->name);
      unwatched_.forget(x.value->name + '@' + x.report->reached_at);
    }
  unwatched_.end(unix_now);
  add_missed(to, servers);
}

void cluster_model::add_missed(cluster_view& to, const std::vector<seen_server>& servers) {
  for (const auto& [key, missed] : unwatched_.all()) {
    if (missed.attached)
      continue;
    auto sender = std::ranges::find(servers, missed.upstream,
                                    [](const auto& x) { return x.first().value->name; });
    member_view x{.name = missed.name};
    if (sender != servers.end()) {
      x.backend = missed.upstream;
      x.life = sender->first().life;
    }
    x.standby = true;
    x.upstream = missed.upstream;
    x.follows_member = sender != servers.end();
    x.last_attached = missed.last_attached;
    // Whom could it follow that can be asked?
    if (std::ranges::any_of(servers, is_writable))
      x.attached = false;
    to.members.push_back(std::move(x));
  }
}

} // namespace pgstatsmon
