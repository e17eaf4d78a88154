// From servers to members.
#include "actors/fleet/cluster_model.hpp"

#include "actors/fleet/cluster_parts.hpp"
#include "actors/seconds.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <tuple>
#include <utility>

namespace pgstatsmon {

namespace {

/// More than any cascade has, and no loop of two views of different moments.
constexpr int deepest = 16;

std::string cluster_name_of(const std::vector<seen_server>& servers) {
  std::set<std::string> names;
  for (const auto& x : servers)
    if (const auto& name = x.report->identity->cluster_name; !name.empty())
      names.insert(name);
  return names.size() == 1 ? *names.begin() : std::string{};
}

label_list shared_labels(const std::vector<seen_server>& servers) {
  auto result = servers.front().first().value->labels;
  for (const auto& server : servers)
    for (const auto& x : server.backends)
      std::erase_if(result, [&](const auto& label) {
        return std::ranges::find(x.value->labels, label) == x.value->labels.end();
      });
  return result;
}

} // namespace

void cluster_model::look(const std::vector<seen_server>& servers, double unix_now) {
  forget_the_gone(servers);
  find_leader(servers);
  note_positions(servers);
  auto result = std::make_shared<cluster_view>();
  result->system = system_;
  result->name = cluster_name_of(servers);
  result->labels = shared_labels(servers);
  result->writable = static_cast<size_t>(std::ranges::count_if(servers, is_writable));
  if (result->writable > 0)
    writable_seen_ = unix_now;
  result->writable_seen = writable_seen_;
  auto found = attach(servers);
  for (size_t i = 0; i < servers.size(); ++i) {
    auto x = member_of(servers, i, found.of[i], unix_now);
    if (x.standby) {
      const auto* client = client_of(servers, found.of[i]);
      auto position = x.position;
      auto when = servers[i].report->when;
      // A sender may know more of one that does not answer.
      if (client != nullptr && client->replayed && (!x.fresh || !position)) {
        position = std::max(position.value_or(0), *client->replayed);
        when = servers[found.of[i].client->server].report->when;
      }
      if (position && (x.fresh || client != nullptr))
        measure(x, history_for(servers, found, i), *position, when,
                x.fresh ? servers[i].report->replay_age : std::nullopt);
    }
    result->members.push_back(std::move(x));
  }
  add_unwatched(*result, servers, found, unix_now);
  view_ = std::move(result);
}

void cluster_model::forget_the_gone(const std::vector<seen_server>& servers) {
  std::set<incarnation> lives;
  for (const auto& x : servers)
    lives.insert(x.first().life);
  // The last leader's past is what its standbys are measured by until there is another.
  std::erase_if(known_, [&](const auto& x) {
    return !lives.contains(x.first) && x.first != leader_.value_or(0);
  });
}

/// Of two the one with the newer timeline: it was promoted last.
void cluster_model::find_leader(const std::vector<seen_server>& servers) {
  const seen_server* best = nullptr;
  auto rank = [&](const seen_server& x) {
    return std::tuple{x.report->timeline, x.first().life == leader_.value_or(0),
                      x.report->position.value_or(0)};
  };
  for (const auto& x : servers)
    if (is_writable(x) && (best == nullptr || rank(x) > rank(*best)))
      best = &x;
  leads_now_ = best != nullptr;
  if (best == nullptr)
    return;
  auto life = best->first().life;
  if (leader_ && *leader_ != life) {
    auto old = known_.find(*leader_);
    auto& fresh = known_[life];
    if (old != known_.end() && fresh.history.points() == 0)
      fresh.history = old->second.history;
  }
  leader_ = life;
  leader_timeline_ = best->report->timeline;
  leader_position_ = best->report->position.value_or(leader_position_);
  leader_seen_ = best->report->when;
}

void cluster_model::note_positions(const std::vector<seen_server>& servers) {
  for (const auto& x : servers) {
    auto& known = memory_of(x);
    if (!x.fresh)
      continue;
    if (x.report->standby) {
      known.was_standby = true;
      known.fork.reset();
      if (x.first().life != leader_.value_or(0))
        known.history = {};
      continue;
    }
    if (!x.report->position)
      continue;
    if (std::exchange(known.was_standby, false))
      known.fork = x.report->position;
    known.history.add(x.report->when, *x.report->position);
  }
}

/// By the word of both sides, where both can be asked.
std::optional<bool> cluster_model::is_attached(const std::vector<seen_server>& servers, size_t i,
                                               const attachment& how) {
  const auto& x = servers[i];
  auto& known = memory_of(x);
  if (!x.fresh) {
    known.streaming_since.reset();
    if (how.client)
      return true;
    // Only its last sender can say that it is gone.
    auto sender = std::ranges::find(servers, known.upstream,
                                    [](const auto& y) { return y.first().value->name; });
    if (!known.follows_member || sender == servers.end() || !sender->fresh)
      return std::nullopt;
    return false;
  }
  if (!how.receives) {
    known.streaming_since.reset();
    auto lives_on_archive = !x.report->receiver && !x.report->identity->streams;
    if (lives_on_archive && known.last_attached == 0)
      return std::nullopt;
    return false;
  }
  if (!known.streaming_since)
    known.streaming_since = x.report->when;
  if (how.client || !how.upstream || !servers[*how.upstream].fresh)
    return true;
  // Its sender has not been asked since, so it can't know.
  if (servers[*how.upstream].report->when <= *known.streaming_since)
    return known.last_attached == 0 ? std::nullopt : std::optional{known.attached};
  // A sender whose clients have no names for us can't say who is missing.
  return std::ranges::any_of(servers[*how.upstream].report->clients,
                             [](const auto& y) { return y.state.empty(); });
}

bool cluster_model::has_diverged(const seen_server& x) const {
  if (!x.fresh || !leads_now_ || x.first().life == *leader_)
    return false;
  if (!x.report->standby)
    return true;
  if (x.report->timeline == 0 || x.report->timeline >= leader_timeline_ || !x.report->position)
    return false;
  auto leader = known_.find(*leader_);
  auto fork = leader == known_.end() ? std::nullopt : leader->second.fork;
  if (fork)
    return *x.report->position > *fork;
  // Where the newer timeline began is not known: what is beyond its end is not of it.
  return x.report->when <= leader_seen_ && *x.report->position > leader_position_;
}

member_view cluster_model::member_of(const std::vector<seen_server>& servers, size_t i,
                                     const attachment& how, double unix_now) {
  const auto& x = servers[i];
  auto& known = memory_of(x);
  member_view result{
    .name = x.first().value->name, .backend = x.first().value->name, .life = x.first().life};
  for (const auto& y : x.backends)
    result.entries.push_back(y.value->name);
  result.fresh = x.fresh;
  result.standby = x.report->standby;
  result.timeline = x.report->timeline;
  result.position = x.report->position;
  result.diverged = has_diverged(x);
  if (!result.standby)
    return result;
  result.attached = is_attached(servers, i, how);
  known.attached = result.attached.value_or(false);
  if (how.upstream) {
    known.upstream = servers[*how.upstream].first().value->name;
    known.follows_member = true;
  } else if (how.receives) {
    known.upstream = how.upstream_address;
    known.follows_member = false;
  }
  if (known.attached)
    known.last_attached = unix_now;
  result.upstream = known.upstream;
  result.follows_member = known.follows_member;
  result.last_attached = known.last_attached;
  result.how = words_of(x, how, client_of(servers, how));
  return result;
}

/// Of the server at the head of the cascade, or of the one that leads.
const wal_history* cluster_model::history_for(const std::vector<seen_server>& servers,
                                              const attachments& all, size_t from) const {
  auto at = from;
  for (int i = 0; i < deepest && all.of[at].upstream; ++i)
    at = *all.of[at].upstream;
  auto of = [&](incarnation life) -> const wal_history* {
    auto x = known_.find(life);
    return x == known_.end() || x->second.history.points() == 0 ? nullptr : &x->second.history;
  };
  const auto* result = servers[at].report->standby ? nullptr : of(servers[at].first().life);
  return result == nullptr && leader_ ? of(*leader_) : result;
}

void cluster_model::measure(member_view& to, const wal_history* history, uint64_t position,
                            time_point when, std::optional<double> replay_age) const {
  auto age = history == nullptr ? std::nullopt : history->since(position);
  if (!age)
    return;
  // The age is as of the primary's newest look; while there is none, time stands still for it.
  auto apart = seconds_of(when - history->newest());
  if (!leads_now_)
    apart = std::min(apart, 0.0);
  to.lag = age->seconds == 0 && !age->at_least ? 0 : std::max(age->seconds + apart, 0.0);
  to.lag_is_bound = age->at_least;
  if (age->at_least && replay_age)
    to.lag = std::max(*to.lag, *replay_age);
}

} // namespace pgstatsmon
