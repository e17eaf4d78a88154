// `clusters`: every cluster as a tree of who follows whom.
#include "actors/console/reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace pgstatsmon {

namespace {

/// Deeper trees are two views of different moments.
constexpr size_t deepest = 16;

/// Members below those that they follow, and how deep.
std::vector<std::pair<const member_view*, size_t>> tree_of(const cluster_view& x) {
  std::vector<std::pair<const member_view*, size_t>> result;
  std::set<const member_view*> placed;
  std::function<void(const member_view&, size_t)> place = [&](const member_view& y, size_t depth) {
    if (depth > deepest || !placed.insert(&y).second)
      return;
    result.emplace_back(&y, depth);
    for (const auto& z : x.members)
      if (z.standby && z.follows_member && z.upstream == y.name)
        place(z, depth + 1);
  };
  for (const auto& y : x.members)
    if (!y.standby)
      place(y, 0);
  for (const auto& y : x.members)
    if (!y.follows_member)
      place(y, 0);
  for (const auto& y : x.members)
    place(y, 0);
  return result;
}

cell seconds(double x) {
  constexpr double longest = 9e9; // that a timespan holds
  return span(caf::timespan{static_cast<int64_t>(std::min(x, longest) * 1e9)});
}

cell lag_of(const member_view& x) {
  if (!x.lag)
    return none();
  auto result = seconds(*x.lag);
  result.json = *x.lag;
  if (x.lag_is_bound)
    result.text = "> " + result.text;
  return result;
}

/// How it is, in a word or two.
std::string state_of(const member_view& x) {
  if (x.entries.empty())
    return x.attached == false ? "missing" : "not watched";
  if (!x.fresh)
    return "no answer";
  if (x.diverged)
    return "diverged";
  if (!x.standby)
    return "writable";
  if (!x.attached)
    return "-";
  return *x.attached ? "attached" : "detached";
}

std::string how_of(const member_view& x) {
  if (x.standby && x.attached == false && !x.upstream.empty())
    return fmt::format("was on {}{}{}", x.upstream, x.how.empty() ? "" : "; ", x.how);
  if (x.standby && !x.follows_member && !x.upstream.empty())
    return fmt::format("{}{}from {}", x.how, x.how.empty() ? "" : " ", x.upstream);
  return x.how;
}

std::string title_of(const cluster_view& x, const look_time& now) {
  auto result = fmt::format("cluster {}", x.system);
  if (!x.name.empty())
    result += fmt::format(" ({})", words(x.name).text);
  if (x.writable > 1)
    result += fmt::format(": split brain, {} take writes", x.writable);
  else if (x.writable == 0 && x.writable_seen > 0)
    result += fmt::format(": none takes writes, for {}", span(now.since(x.writable_seen)).text);
  return result;
}

cell attached_of(const member_view& x) {
  return x.attached ? truth(*x.attached) : none();
}

} // namespace

report clusters_report(const fleet_view& all, const look_time& now) {
  report result;
  for (const auto& x : all.clusters) {
    table rows{title_of(*x, now),
               x->system,
               {{"server", "server"},
                {"role", "role"},
                {"state", "state"},
                number_column("lag", "lag_seconds"),
                {"how", "how"}}};
    for (const auto& [y, depth] : tree_of(*x)) {
      auto name = words(y->name);
      name.text.insert(0, 2 * depth, ' ');
      rows.rows.push_back({std::move(name), words(y->standby ? "standby" : "primary"),
                           words(state_of(*y)), lag_of(*y), words(how_of(*y))});
    }
    result.emplace_back(std::move(rows));
  }
  if (result.empty())
    result.emplace_back(fact_list{{{"clusters", "clusters", words("none is known")}}});
  return result;
}

report clusters_list(const fleet_view& all) {
  table result{{},
               "clusters",
               {{"cluster", "cluster"},
                {"cluster name", "cluster_name"},
                {"writable", "writable_servers"},
                {"writable seen", "writable_seen"},
                {"server", "server"},
                {"backends", "backends"},
                {"role", "role"},
                {"fresh", "fresh"},
                {"state", "state"},
                {"upstream", "upstream"},
                {"attached", "attached"},
                {"how", "how"},
                number_column("lag", "lag_seconds"),
                {"bound", "lag_is_at_least"},
                {"position", "position_bytes"},
                {"timeline", "timeline"},
                {"diverged", "diverged"},
                {"last attached", "last_attached"}}};
  auto number = [](double x) { return x > 0 ? cell{fmt::format("{:.0f}", x), x} : none(); };
  for (const auto& x : all.clusters)
    for (const auto& [y, depth] : tree_of(*x))
      result.rows.push_back({words(x->system),
                             x->name.empty() ? none() : words(x->name),
                             count(x->writable),
                             number(x->writable_seen),
                             words(y->name),
                             {fmt::format("{}", y->entries.size()), y->entries},
                             words(y->standby ? "standby" : "primary"),
                             truth(y->fresh),
                             words(state_of(*y)),
                             y->upstream.empty() ? none() : words(y->upstream),
                             attached_of(*y),
                             words(y->how),
                             lag_of(*y),
                             truth(y->lag_is_bound),
                             y->position ? count(*y->position) : none(),
                             y->timeline > 0 ? count(y->timeline) : none(),
                             truth(y->diverged),
                             number(y->last_attached)});
  return {std::move(result)};
}

std::map<std::string, std::string_view, std::less<>> misplaced(const fleet_view& all) {
  std::map<std::string, std::string_view, std::less<>> result;
  for (const auto& x : all.clusters)
    for (const auto& y : x->members) {
      std::string_view word;
      if (y.fresh && y.diverged)
        word = "diverged";
      else if (y.fresh && y.standby && y.attached == false)
        word = "detached";
      else if (y.fresh && !y.standby && x->writable > 1)
        word = "split brain";
      if (!word.empty())
        for (const auto& name : y.entries)
          result.emplace(name, word);
    }
  return result;
}

fact_list place_of(const fleet_view& all, const std::string& backend) {
  return place_of(all.find(backend), backend);
}

fact_list place_of(const fleet_view::found& place, const std::string& backend) {
  const auto& [cluster, member] = place;
  auto known = member != nullptr;
  auto text = [](const std::string& x) { return x.empty() ? none() : words(x); };
  auto other = known && member->entries.front() != backend;
  return {{{"cluster", "cluster", known ? words(cluster->system) : none()},
           {"member", "cluster_state", known ? words(state_of(*member)) : none()},
           {"same server as", "same_as", other ? words(member->name) : none()},
           {"follows", "upstream", known ? text(member->upstream) : none()},
           {"attached", "attached", known ? attached_of(*member) : none()},
           {"lag", "lag_seconds", known ? lag_of(*member) : none()}}};
}

} // namespace pgstatsmon
