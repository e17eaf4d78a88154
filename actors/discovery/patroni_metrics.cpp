// The names and helps of what Patroni says.
#include "actors/discovery/patroni_metrics.hpp"

#include "actors/own_families.hpp"

#include <algorithm>

namespace pgstatsmon {

patroni_metrics::patroni_metrics(prometheus::Registry& registry,
                                 const std::map<std::string, std::string>& labels)
  : paused_{gauges(registry, labels, "pgstatsmon_patroni_paused",
                   "1 while a cluster is in maintenance mode: Patroni does not fail over.")},
    failsafe_{gauges(registry, labels, "pgstatsmon_patroni_failsafe",
                     "1 while a cluster has failsafe_mode, as etcd says; by REST, while it holds "
                     "a leader without a DCS.")},
    has_leader_{gauges(registry, labels, "pgstatsmon_patroni_has_leader",
                       "Whether a member of a cluster has the leader's lock.")},
    seen_{gauges(registry, labels, "pgstatsmon_patroni_dcs_last_seen_timestamp_seconds",
                 "Unix time when a cluster's DCS was last seen: by us, or as a member says by "
                 "REST.")},
    members_{gauges(registry, labels, "pgstatsmon_patroni_members",
                    "Members of a cluster that Patroni knows, running or not.")},
    running_{gauges(registry, labels, "pgstatsmon_patroni_member_running",
                    "Whether Patroni says that a member's server runs.")},
    leader_{gauges(registry, labels, "pgstatsmon_patroni_member_leader",
                   "Whether Patroni says that a member is the leader.")},
    timeline_{gauges(registry, labels, "pgstatsmon_patroni_member_timeline",
                     "The timeline that a member is on, as Patroni says.")},
    pending_restart_{gauges(registry, labels, "pgstatsmon_patroni_member_pending_restart",
                            "1 while a member's server needs a restart to use its settings.")} {}

void patroni_metrics::set(series_map& all, family& of,
                          const std::map<std::string, std::string>& labels, double value) {
  auto& list = all[labels];
  auto is = [&of](const series& x) { return x.of == &of; };
  auto i = std::find_if(list.begin(), list.end(), is);
  if (i == list.end())
    i = list.insert(i, {&of, &of.Add(labels), true});
  i->current = true;
  i->gauge->Set(value);
}

void patroni_metrics::show(const std::string& source, const std::vector<patroni_cluster>& xs) {
  std::lock_guard guard{mutex_};
  auto& all = sources_[source];
  for (auto& [labels, list] : all)
    for (auto& x : list)
      x.current = false;
  size_t count = 0;
  for (const auto& x : xs) {
    count += std::max<size_t>(x.members.size(), 1);
    if (count > max_members)
      break;
    std::map<std::string, std::string> id{{"source", source}, {"cluster", x.scope}};
    set(all, paused_, id, x.paused ? 1 : 0);
    set(all, failsafe_, id, x.failsafe ? 1 : 0);
    set(all, has_leader_, id, x.leader ? 1 : 0);
    if (x.seen > 0)
      set(all, seen_, id, x.seen);
    set(all, members_, id, static_cast<double>(x.members.size()));
    for (const auto& y : x.members) {
      id["member"] = y.name;
      set(all, running_, id, y.state == "running" || y.state == "streaming" ? 1 : 0);
      set(all, leader_, id, y.leader ? 1 : 0);
      set(all, pending_restart_, id, y.pending_restart ? 1 : 0);
      if (y.timeline > 0)
        set(all, timeline_, id, y.timeline);
    }
  }
  for (auto& [labels, list] : all)
    std::erase_if(list, [](const series& x) {
      if (!x.current)
        x.of->Remove(x.gauge);
      return !x.current;
    });
  std::erase_if(all, [](const auto& x) { return x.second.empty(); });
  if (all.empty())
    sources_.erase(source);
}

} // namespace pgstatsmon
