// `actors` and `actor ID`.
#include "actors/console/reports.hpp"

#include <map>

namespace pgstatsmon {

namespace {

const char* state_of(const actor_record& x) {
  if (x.now())
    return "running";
  return x.depth() > 0 ? "queued" : "idle";
}

std::vector<cell> row_of(const listed_actor& x, const look_time& now, size_t level) {
  const auto& record = *x.record;
  auto kind = words(x.kind);
  kind.text.insert(0, 2 * level, ' ');
  return {{std::to_string(record.id()), record.id()},
          std::move(kind),
          words(x.of),
          words(state_of(record)),
          count(record.depth()),
          count(record.max_depth()),
          count(record.handled()),
          span(record.busy()),
          span(record.longest()),
          span(now.since(record.born())),
          count(x.restarts),
          record.parent() == 0 ? none() : cell{std::to_string(record.parent()), record.parent()}};
}

table empty_table() {
  return {{},
          "actors",
          {number_column("id", "id"),
           {"kind", "kind"},
           {"of", "of"},
           text_column("state", "state", 1),
           number_column("mailbox", "mailbox"),
           number_column("max", "mailbox_max", 3),
           number_column("messages", "messages"),
           times_column("busy", "busy_seconds"),
           times_column("longest", "longest_seconds"),
           number_column("age", "age_seconds", 4),
           number_column("restarts", "restarts", 2),
           number_column("parent", "parent", 5)}};
}

/// Actors by their parents; those whose parent is no live actor of ours stand at the top.
using family = std::multimap<uint64_t, const listed_actor*>;

void add_children(table& to, const family& all, uint64_t of, const look_time& now, size_t level) {
  auto [first, last] = all.equal_range(of);
  for (auto i = first; i != last; ++i) {
    to.rows.push_back(row_of(*i->second, now, level));
    add_children(to, all, i->second->record->id(), now, level + 1);
  }
}

} // namespace

report actors_report(const std::vector<listed_actor>& actors, const look_time& now, bool tree) {
  auto result = empty_table();
  result.rows.reserve(actors.size());
  if (!tree) {
    for (const auto& x : actors)
      result.rows.push_back(row_of(x, now, 0));
    return {std::move(result)};
  }
  std::map<uint64_t, bool> lives;
  for (const auto& x : actors)
    lives[x.record->id()] = true;
  family all;
  for (const auto& x : actors) {
    auto parent = x.record->parent();
    all.emplace(lives.contains(parent) ? parent : 0, &x);
  }
  add_children(result, all, 0, now, 0);
  return {std::move(result)};
}

std::optional<report> actor_report(const std::vector<listed_actor>& actors, uint64_t id,
                                   const look_time& now) {
  auto has_id = [&](const listed_actor& x) { return x.record->id() == id; };
  auto i = std::ranges::find_if(actors, has_id);
  if (i == actors.end())
    return std::nullopt;
  const auto& record = *i->record;
  auto columns = empty_table().columns;
  auto row = row_of(*i, now, 0);
  fact_list facts;
  for (size_t j = 0; j < columns.size(); ++j)
    facts.facts.push_back({columns[j].title, columns[j].key, row[j]});
  auto running = record.now();
  facts.facts.push_back({"handles", "handles", running ? words(running->what.name()) : none()});
  facts.facts.push_back(
    {"since", "handles_for_seconds", running ? span(now.since(running->since)) : none()});
  table messages{"newest messages, oldest first",
                 "newest_messages",
                 {{"message", "message"},
                  number_column("ago", "ago_seconds"),
                  times_column("took", "took_seconds")}};
  for (const auto& x : record.messages())
    messages.rows.push_back({words(x.what.name()), span(now.since(x.when)), span(x.took)});
  return report{std::move(facts), std::move(messages)};
}

} // namespace pgstatsmon
