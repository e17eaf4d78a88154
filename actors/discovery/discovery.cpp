// DISCOVERY: what the sources believe exists becomes additions and removals for the SCHEDULER.
#include "actors/discovery/discovery.hpp"

#include "actors/discovery/shard.hpp"
#include "actors/discovery/sources.hpp"
#include "config/collect.hpp"
#include "config/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <iterator>

namespace pgstatsmon {

namespace {

/// How long a source that died stays dead; it died of a bug, so in haste it would die again.
constexpr auto restart_delay = std::chrono::seconds{10};

/// Backends of one list that come or go with a line each in the log.
constexpr size_t max_told = 20;

std::vector<std::string> ids(const backend_list& xs) {
  std::vector<std::string> result;
  result.reserve(xs.size());
  for (const auto& x : xs)
    result.push_back(x.id);
  return result;
}

log_fields about(log_event event, const backend& x) {
  return {.event = event, .backend = x.name, .source = x.source};
}

/// Counts lines of each kind: the first few are worth one each, the others one together.
class told_lines {
public:
  explicit told_lines(size_t most) : most_{most} {}

  bool next(std::string_view kind) { return told_[kind]++ < most_; }

  void sum_up() const {
    for (const auto& [kind, n] : told_)
      if (n > most_)
        say(spdlog::level::info, log_event::backends_alike, "{} more backends {}", n - most_, kind);
  }

private:
  size_t most_;
  std::map<std::string_view, size_t> told_;
};

} // namespace

discovery_state::~discovery_state() {
  for (auto& x : sources_)
    end(x);
}

void discovery_state::open(backend_listener_actor scheduler, discovery_metrics& metrics,
                           source_starter start) {
  scheduler_ = std::move(scheduler);
  metrics_ = &metrics;
  start_source_ = start ? std::move(start) : source_starter{start_source};
}

void discovery_state::configure(const reconfigured& news) {
  shard_ = news.value->shard;
  auto before = std::move(sources_);
  sources_.clear();
  for (auto& spec : source_specs(*news.value, news.queries.get())) {
    auto same_name = [&](const auto& y) { return y.spec.name == spec.name; };
    auto i = std::find_if(before.begin(), before.end(), same_name);
    if (i != before.end() && i->spec == spec) {
      sources_.push_back(std::move(*i));
      before.erase(i);
      continue;
    }
    auto& added = sources_.emplace_back();
    added.metrics = metrics_->of(spec.name);
    added.spec = std::move(spec);
    if (i != before.end()) {
      added.told = i->told;
      added.changed = i->changed;
      added.list = i->list;
      // Until it gives another list, which has the rest of it.
      std::erase_if(added.list, [&](const backend& y) {
        return std::ranges::any_of(news.queries->queries(), [&](const query_definition& query) {
          return collects(y.collect, query) && doubles(y.labels, query, y.databases.on);
        });
      });
    }
    start(added);
  }
  for (auto& y : before) {
    end(y);
    if (y.actor)
      ending_.push_back(std::move(y));
    else if (find(y.spec.name) == nullptr)
      metrics_->remove(y.spec.name);
  }
  publish();
}

void discovery_state::start(source& x) {
  if (const auto* list = std::get_if<static_list>(&x.spec.how)) {
    std::vector<rejection> rejected;
    x.list = to_backends(list->backends, x.spec.defaults, rejected);
    x.told = true;
    for (const auto& y : rejected) {
      say(spdlog::level::warn,
          {.event = log_event::target_rejected,
           .source = x.spec.name,
           .reason = to_string_view(y.reason)},
          "discovery: {}: {}: {}", x.spec.name, y.what, y.detail);
      x.metrics->count(y.reason);
    }
    x.metrics->notes.set_rejected(rejected);
    x.changed = self_->clock().now();
    x.metrics->backends.Set(static_cast<double>(x.list.size()));
    x.metrics->last_success.SetToCurrentTime();
    return;
  }
  x.stop = std::stop_source{};
  x.actor = start_source_(
    *self_, {x.spec, ids(x.list), x.metrics, x.stop.get_token(), discovery_actor{self_}});
  self_->monitor(x.actor);
}

void discovery_state::end(source& x) {
  x.stop.request_stop();
  if (x.actor)
    caf::anon_send_exit(x.actor, caf::exit_reason::user_shutdown);
}

void discovery_state::take(const std::string& source_name, backend_list xs) {
  auto* x = find(source_name);
  if (x == nullptr || !x->actor || self_->current_sender() != x->actor)
    return;
  if (x->list != xs)
    x->changed = self_->clock().now();
  x->list = std::move(xs);
  x->told = true;
  x->metrics->backends.Set(static_cast<double>(x->list.size()));
  publish();
}

void discovery_state::source_down(const caf::down_msg& x) {
  auto it_is = [&](const source& y) { return y.actor && x.source == y.actor; };
  if (auto i = std::find_if(sources_.begin(), sources_.end(), it_is); i != sources_.end()) {
    i->actor = source_actor{};
    i->metrics->count(source_failure::crash);
    say(spdlog::level::err, {.event = log_event::source_crashed, .source = i->spec.name},
        "discovery: {} ended: {}; its list stays, it starts again in {} s", i->spec.name,
        caf::to_string(x.reason), restart_delay.count());
    self_->delayed_send(self_, restart_delay, caf::reset_atom_v, i->spec.name);
    return;
  }
  auto i = std::find_if(ending_.begin(), ending_.end(), it_is);
  if (i == ending_.end())
    return;
  auto ended = std::move(i->spec.name);
  ending_.erase(i);
  if (find(ended) == nullptr)
    metrics_->remove(ended);
}

void discovery_state::restart(const std::string& source_name) {
  if (auto* x = find(source_name); x != nullptr && !x->actor)
    start(*x);
}

discovery_state::source* discovery_state::find(const std::string& source_name) {
  auto it_is = [&](const source& x) { return x.spec.name == source_name; };
  auto i = std::find_if(sources_.begin(), sources_.end(), it_is);
  return i == sources_.end() ? nullptr : &*i;
}

backend_list discovery_state::wanted() {
  backend_list all;
  for (const auto& x : sources_)
    all.insert(all.end(), x.list.begin(), x.list.end());
  backend_list repeated;
  auto result = with_unique_ids(std::move(all), repeated);
  std::set<std::string> now;
  for (const auto& x : repeated) {
    if (now.insert(x.id).second && !repeated_.contains(x.id))
      say(spdlog::level::warn, {.event = log_event::name_taken, .source = x.source},
          "discovery: {}: {} is listed by another source too, which counts", x.source, x.id);
  }
  repeated_ = std::move(now);
  return result;
}

void discovery_state::publish() {
  std::vector<renaming> renamed;
  // Names are the whole fleet's, so that all shards know a backend by the same one.
  auto all = with_unique_names(named_.empty() ? live_ : named_, wanted(), renamed);
  named_ = shard_.of > 1 ? all : backend_list{};
  auto next = in_shard(std::move(all), shard_);
  for (const auto& x : renamed)
    say(spdlog::level::warn, {.event = log_event::name_taken, .backend = x.given},
        "discovery: the name {} is taken, {} is called {}", x.wished, x.id, x.given);
  tell(changes(live_, next));
  live_ = std::move(next);
  auto told = [](const source& x) { return x.told; };
  if (!opened_ && std::ranges::any_of(sources_, told)) {
    opened_ = true;
    self_->send(scheduler_, caf::open_atom_v);
  }
}

void discovery_state::tell(const list_changes& xs) {
  backends_by_id before;
  if (!xs.removed.empty() || !xs.changed.empty())
    for (const auto& x : live_)
      before.emplace(x.id, &x);
  say_what_changes(xs, before);
  for (const auto& x : xs.removed) {
    if (auto* from = find(before.at(x.id)->source))
      from->metrics->removed.Increment();
    self_->send(scheduler_, x);
  }
  for (const auto& x : xs.added) {
    if (auto* from = find(x.value.source))
      from->metrics->added.Increment();
    self_->send(scheduler_, x);
  }
  for (const auto& x : xs.changed)
    self_->send(scheduler_, x);
}

void discovery_state::say_what_changes(const list_changes& xs, const backends_by_id& before) {
  told_lines lines{max_told};
  std::map<std::string_view, const backend*> coming; // by name: an id has the address in it
  for (const auto& x : xs.added)
    coming.emplace(x.value.name, &x.value);
  for (const auto& x : xs.removed) {
    const auto& gone = *before.at(x.id);
    auto i = coming.find(gone.name);
    if (i != coming.end()) {
      if (lines.next("changed"))
        say(spdlog::level::info, about(log_event::backend_changed, gone),
            "backend {} changed ({}): {}: it starts anew", gone.name, gone.source,
            difference(gone, *i->second));
      coming.erase(i);
    } else if (lines.next("removed")) {
      say(spdlog::level::info, about(log_event::backend_removed, gone),
          "backend {} removed ({}): {}", gone.name, gone.source,
          find(gone.source) == nullptr ? "its source is gone" : "its source lists it no longer");
    }
  }
  for (const auto& x : xs.changed)
    if (lines.next("changed"))
      say(spdlog::level::info, about(log_event::backend_changed, x.value),
          "backend {} changed ({}): {}: it goes on", x.value.name, x.value.source,
          difference(*before.at(x.value.id), x.value));
  for (const auto& x : xs.added)
    if (coming.contains(x.value.name) && lines.next("added"))
      say(spdlog::level::info, about(log_event::backend_added, x.value),
          "backend {} added: {} as {}, database {} ({})", x.value.name,
          address_and_port(x.value.address, x.value.port), x.value.user, x.value.database,
          x.value.source);
  lines.sum_up();
}

discovery_actor::behavior_type discovery(observed_ptr<discovery_actor, discovery_state> self,
                                         backend_listener_actor scheduler,
                                         const reconfigured& configuration,
                                         discovery_metrics* metrics, source_starter start) {
  self->state.open(std::move(scheduler), *metrics, std::move(start));
  self->set_down_handler([self](const caf::down_msg& x) { self->state.source_down(x); });
  self->state.configure(configuration);
  return {
    [self](const std::string& source, backend_list& xs) {
      self->state.take(source, std::move(xs));
    },
    [self](const reconfigured& x) { self->state.configure(x); },
    [self](caf::get_atom) { return self->state.status(); },
    [self](caf::reset_atom, const std::string& source) { self->state.restart(source); },
  };
}

} // namespace pgstatsmon
