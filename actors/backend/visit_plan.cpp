// Who is visited next.
#include "actors/backend/visit_plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace pgstatsmon {

namespace {

/// Sessions that the server keeps for others.
constexpr int64_t left_to_others = 3;

/// How long nobody is visited when there is no session to be had.
constexpr auto rest = std::chrono::seconds{10};

/// What was brought is shown for so many intervals at least while its database waits for its turn.
constexpr int patient_intervals = 20;

/// A database that fails is visited every so many intervals at least.
constexpr uint32_t max_wait = 8;

} // namespace

visit_plan::visit_plan(const database_rules& rules, std::string own)
  : rules_{rules}, own_{std::move(own)}, filter_{rules} {
  // nop
}

std::vector<const listed_database*> visit_plan::choose(const database_list& list) {
  std::vector<const listed_database*> result;
  excluded_ = 0;
  for (const auto& database : list.databases) {
    if (database.name == own_)
      continue;
    if (filter_.takes(database.name))
      result.push_back(&database);
    else
      ++excluded_;
  }
  auto rank = [this](const listed_database* database) {
    return std::tuple{entries_.contains(database->name) ? 0 : 1,
                      UINT64_MAX - database->transactions, std::string_view{database->name}};
  };
  std::ranges::sort(result, {}, rank);
  beyond_max_ = result.size() - std::min<size_t>(result.size(), rules_.max);
  result.resize(result.size() - beyond_max_);
  return result;
}

visit_plan::change visit_plan::learn(const database_list& list, time_point now) {
  change result;
  std::set<std::string_view> listed;
  auto chosen = choose(list);
  for (const auto* database : chosen) {
    listed.insert(database->name);
    auto i = entries_.find(database->name);
    if (i != entries_.end() && i->second.oid != database->oid) {
      result.gone.push_back(database->name);
      entries_.erase(i);
      i = entries_.end();
    }
    auto fresh = i == entries_.end();
    if (fresh) {
      result.come.push_back(database->name);
      i = entries_.emplace(database->name, entry{}).first;
      i->second.oid = database->oid;
      i->second.due = now;
    }
    auto& known = i->second;
    auto ours = known.kept || known.under_way ? 1U : 0U;
    known.busy = database->sessions > ours;
    known.activity = fresh || database->transactions < known.transactions
                       ? 0
                       : database->transactions - known.transactions;
    known.transactions = database->transactions;
  }
  std::erase_if(entries_, [&](const auto& known) {
    auto gone = !listed.contains(known.first);
    if (gone)
      result.gone.push_back(known.first);
    return gone;
  });
  learn_room(list);
  choose_kept();
  return result;
}

void visit_plan::learn_room(const database_list& list) {
  auto most = static_cast<int64_t>(rules_.keep) + rules_.at_once;
  auto have = static_cast<int64_t>(sessions());
  if (list.server_room)
    most = std::min(most, have + *list.server_room - left_to_others);
  if (list.role_room) {
    auto role = have + *list.role_room;
    // The backend's own session is replaced by one made beside it.
    most = std::min(most, role > 1 ? role - 1 : role);
  }
  room_ = static_cast<size_t>(std::max<int64_t>(most, 0));
}

void visit_plan::choose_kept() {
  std::vector<entry*> busy;
  for (auto& [name, database] : entries_) {
    database.wanted = false;
    if (database.busy)
      busy.push_back(&database);
  }
  std::ranges::stable_sort(busy, std::greater{}, [](const entry* database) {
    return std::pair{database->activity, database->transactions};
  });
  // One place is for visits.
  auto places = std::min<size_t>(rules_.keep, room_ > 0 ? room_ - 1 : 0);
  busy.resize(std::min(busy.size(), places));
  for (auto* database : busy)
    database->wanted = true;
}

std::optional<std::string> visit_plan::next(time_point now) {
  if (now < rest_until_ || visits() >= rules_.at_once)
    return std::nullopt;
  auto place = sessions() < room_;
  auto best = entries_.end();
  for (auto i = entries_.begin(); i != entries_.end(); ++i)
    if (i->second.due <= now && !i->second.under_way && (place || i->second.kept)
        && (best == entries_.end() || i->second.due < best->second.due))
      best = i;
  if (best == entries_.end())
    return std::nullopt;
  best->second.under_way = true;
  return best->first;
}

void visit_plan::ended(const std::string& name, visit_outcome how, time_point now) {
  auto i = entries_.find(name);
  if (i == entries_.end())
    return;
  auto& visited = i->second;
  visited.under_way = false;
  if (how != visit_outcome::no_room)
    last_ended_ = now;
  auto wait = interval_;
  switch (how) {
  case visit_outcome::good:
    visited.failures = 0;
    visited.good = now;
    visited.kept = visited.wanted;
    break;
  case visit_outcome::skipped: visited.kept = visited.kept && visited.wanted; break;
  case visit_outcome::failed:
    wait *= std::min(1U << std::min(++visited.failures, 5U), max_wait);
    [[fallthrough]];
  case visit_outcome::no_room: visited.kept = false; break;
  }
  visited.due = now + wait;
  if (how != visit_outcome::no_room)
    return;
  rest_until_ = now + rest;
  room_ = std::min(room_, sessions() - leaving_); // until the next list
}

bool visit_plan::kept(const std::string& name) const {
  auto i = entries_.find(name);
  return i != entries_.end() && i->second.kept;
}

std::vector<std::string> visit_plan::surplus() {
  std::vector<std::string> result;
  for (auto& [name, database] : entries_)
    if (database.kept && !database.under_way && !database.wanted) {
      database.kept = false;
      result.push_back(name);
    }
  return result;
}

void visit_plan::lost(const std::string& name) {
  if (auto i = entries_.find(name); i != entries_.end())
    i->second.kept = false;
}

std::optional<visit_plan::time_point> visit_plan::due() const {
  std::optional<time_point> result;
  if (visits() >= rules_.at_once)
    return result;
  auto place = sessions() < room_;
  for (const auto& [name, database] : entries_)
    if (!database.under_way && (place || database.kept) && (!result || database.due < *result))
      result = database.due;
  return result ? std::max(*result, rest_until_) : result;
}

bool visit_plan::stale(const std::string& name, time_point now) const {
  auto i = entries_.find(name);
  if (i == entries_.end() || !i->second.good)
    return false;
  const auto& database = i->second;
  // Waiting for its turn is no fault of its own, while others have theirs.
  return std::min(now, database.due) - *database.good > 3 * interval_
         || now - last_ended_ > patient_intervals * interval_;
}

size_t visit_plan::sessions() const {
  auto open = std::ranges::count_if(
    entries_, [](const auto& x) { return x.second.kept || x.second.under_way; });
  return leaving_ + static_cast<size_t>(open);
}

size_t visit_plan::visits() const {
  return static_cast<size_t>(
    std::ranges::count_if(entries_, [](const auto& x) { return x.second.under_way; }));
}

} // namespace pgstatsmon
