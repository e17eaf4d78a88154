// CLUSTER and its engine.
#include "actors/cluster/cluster.hpp"

#include "actors/cluster/fingerprint.hpp"
#include "actors/cluster/owned_file.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;
namespace level = spdlog::level;

/// How often the engine is asked; a hint or a slot that is over makes it sooner.
constexpr caf::timespan turn = 1s;

/// What handing over may take.
constexpr caf::timespan closing_limit = 10s;

double seconds_of(caf::timespan x) {
  return std::chrono::duration<double>{x}.count();
}

} // namespace

cluster_state::~cluster_state() {
  if (arguments_.sessions != nullptr)
    arguments_.sessions->listen({});
  if (engine_)
    caf::anon_send_exit(engine_, caf::exit_reason::user_shutdown);
}

void cluster_state::open(cluster_arguments arguments) {
  arguments_ = std::move(arguments);
  options_ = arguments_.configuration.value;
  fingerprint_ = fingerprint_of(*options_, *arguments_.configuration.queries);
  started_ = self_->clock().now();
  const auto& x = options();
  holding_.emplace(own_record(), holding_options{.ttl = x.ttl,
                                                 .settle = x.settle,
                                                 .interval = options_->interval,
                                                 .max_moves = x.max_moves,
                                                 .stop_when_cut_off = x.stop_when_cut_off});
  arguments_.sessions->listen([self = cluster_actor{self_}](const std::string& id) {
    caf::anon_send(self, session_over{id});
  });
  start_engine();
  tick();
}

member_record cluster_state::own_record() const {
  return {.id = options().member,
          .address = options().advertise,
          .weight = options().weight,
          .layout = layout_version,
          .version = PGSTATSMON_VERSION,
          .fingerprint = fingerprint_,
          .life = arguments_.life};
}

void cluster_state::start_engine() {
  engine_ = arguments_.start_engine(*self_, engine_listener{cluster_actor{self_}});
  self_->monitor(engine_);
}

void cluster_state::engine_down(const caf::down_msg& x) {
  if (!engine_ || x.source != engine_)
    return;
  say(level::err, log_event::engine_failing, "cluster: its engine ended ({}), it is started again",
      caf::to_string(x.reason));
  engine_ = engine_actor{};
}

void cluster_state::tick() {
  constexpr double spread = 0.2; // so that members do not ask in step
  self_->delayed_send(
    self_,
    std::chrono::duration_cast<caf::timespan>(turn * (1 + spread * (arguments_.chance() - 0.5))),
    caf::tick_atom_v);
  if (!engine_)
    start_engine();
  asked_twice_ = false;
  holding_->look(self_->clock().now());
  adopt_if_alone();
  look_for_stuck();
  follow();
  ask();
  arguments_.left->sweep(self_->clock().now());
  publish();
  keep_owned_slots();
}

void cluster_state::ask() {
  if (waiting_ || !engine_)
    return;
  waiting_ = true;
  auto now = self_->clock().now();
  auto order = holding_->next_order(now);
  auto leaves = order.leave;
  follow();
  self_->request(engine_, options().ttl / 3, std::move(order))
    .then(
      [this, now, leaves](const engine_answer& x) {
        waiting_ = false;
        if (leaves)
          finish_closing();
        else
          answered(x.view, now);
      },
      [this](const caf::error& error) { unanswered(error); });
}

void cluster_state::answered(const engine_view_ptr& view, time_point sent) {
  auto now = self_->clock().now();
  arguments_.metrics->answered(seconds_of(now - sent));
  if (failing_since_)
    say(level::info, log_event::engine_recovered,
        "cluster: the engine answers again after {:.0f} s", seconds_of(now - *failing_since_));
  failing_since_.reset();
  answers_ = true;
  auto before = holding_->view();
  holding_->take(view, sent, now);
  follow();
  say_what_changed(before);
  say_doubts();
  open_if_known();
  publish();
  auto free = std::ranges::count(view->owners, no_owner) > 0;
  // What has been seen to be free need not wait for the next turn.
  if (holding_->drained()
      || (!std::exchange(asked_twice_, true) && (free || holding_->count(slot_phase::ended) > 0)))
    ask();
}

void cluster_state::unanswered(const caf::error& error) {
  waiting_ = false;
  answers_ = false;
  problem_ = sentence_of(error);
  arguments_.metrics->failed();
  holding_->engine_failed();
  auto now = self_->clock().now();
  if (!failing_since_) {
    failing_since_ = now;
    say(level::warn, log_event::engine_failing, "cluster: the engine does not answer: {}; {}",
        problem_,
        holding_->view() == nullptr ? "nothing is known of the fleet yet"
                                    : "every member goes on with what it has");
  }
  holding_->look(now);
  follow();
  say_doubts();
  if (closing_)
    finish_closing();
  publish();
}

void cluster_state::adopt_if_alone() {
  auto now = self_->clock().now();
  if (adopted_ || holding_->view() != nullptr || now - started_ < options().ttl)
    return;
  adopted_ = true;
  auto kept = options_->state_dir.empty()
                ? std::vector<slot_number>{}
                : read_owned(options_->state_dir, {options().fleet, options().member});
  if (!kept)
    say(level::warn, log_event::slots_not_kept, "cluster: {}", sentence_of(kept.error()));
  if (!kept || kept->empty()) {
    say(level::warn, log_event::member_refused,
        "cluster: nothing keeps leases, and {}: no backend is watched until the engine answers",
        options_->state_dir.empty() ? "there is no state_dir" : "state_dir has no slots of ours");
    return;
  }
  say(level::warn, log_event::slots_from_state,
      "cluster: nothing keeps leases: the {} slots of before the start are polled", kept->size());
  holding_->adopt(*kept, now);
  follow();
  say_doubts();
  open_if_known();
}

void cluster_state::say_what_changed(const engine_view_ptr& before) {
  const auto& view = *holding_->view();
  auto has = [](const engine_view_ptr& x, const std::string& id) {
    return x != nullptr && std::ranges::any_of(x->members, [&](const seen_member& y) {
             return y.record.id == id;
           });
  };
  std::set<std::string> differing;
  for (const auto& x : view.members) {
    const auto& id = x.record.id;
    if (id != options().member && !has(before, id))
      say(level::info, log_event::member_came, "cluster: {} at {} shares the fleet", id,
          x.record.address);
    if (x.record.fingerprint != fingerprint_)
      differing.insert(id);
  }
  for (const auto& id : differing)
    if (!differing_.contains(id))
      say(level::warn, log_event::members_differ,
          "cluster: {} has other queries, labels or backends than this daemon", id);
  if (differing.empty() && !differing_.empty())
    say(level::info, log_event::members_agree, "cluster: all members are configured alike again");
  differing_ = std::move(differing);
  if (before != nullptr)
    for (const auto& x : before->members)
      if (x.record.id != options().member && !has(holding_->view(), x.record.id))
        say(level::info, log_event::member_gone, "cluster: {} is gone", x.record.id);
}

void cluster_state::say_doubts() {
  const auto& now = holding_->counts();
  if (now.taken != said_.taken || now.given != said_.given)
    say(level::info, log_event::slots_moved,
        "cluster: {} slots came, {} are given away; {} are ours", now.taken - said_.taken,
        now.given - said_.given, holding_->count(slot_phase::held));
  if (now.somebody_else != said_.somebody_else)
    say(level::warn, log_event::slots_lost, "cluster: {} slots of ours are others' now: given up",
        now.somebody_else - said_.somebody_else);
  said_ = now;
  auto refused = holding_->name_is_taken() || holding_->layout_differs();
  if (refused && !was_refused_)
    say(level::warn, log_event::member_refused, "cluster: {}",
        holding_->name_is_taken() ? fmt::format(
          "a daemon called {} is there already, or was until its lease ends", options().member)
                                  : std::string{"members of another layout are there"});
  was_refused_ = refused;
  if (std::exchange(was_doubtful_, holding_->doubtful()) == holding_->doubtful())
    return;
  if (holding_->doubtful())
    say(level::warn, log_event::lease_doubtful,
        "cluster: the lease may have ended: others may poll what this daemon polls{}",
        options().stop_when_cut_off ? ", so it stops" : "");
  else
    say(level::info, log_event::lease_certain, "cluster: the lease is held again");
}

void cluster_state::reconfigure(const reconfigured& news) {
  auto fixed = options_->cluster;
  auto fresh = std::make_shared<settings>(*news.value);
  // What a reload does not change.
  fresh->cluster = fixed;
  options_ = fresh;
  fingerprint_ = fingerprint_of(*options_, *news.queries);
  holding_->describe(own_record());
}

caf::result<caf::ok_atom> cluster_state::close() {
  auto promise = self_->make_response_promise<caf::ok_atom>();
  closed_ = promise;
  closing_ = true;
  self_->delayed_send(self_, closing_limit, caf::timeout_atom_v);
  // Nobody could take anything.
  if (!answers_) {
    finish_closing();
    return promise;
  }
  holding_->drain();
  follow();
  ask();
  return promise;
}

void cluster_state::finish_closing() {
  if (!closed_)
    return;
  auto all = holding_->counts().drained;
  if (holding_->drained()) {
    say(level::info, log_event::slots_handed_over, "cluster: {} slots are handed over", all);
    kept_ = {0}; // what is kept is not ours any more
    kept_at_ = {};
    keep_owned_slots();
  } else
    say(level::warn, log_event::slots_handed_over,
        "cluster: {} slots are not handed over: others take them when the lease ends",
        slot_count - holding_->count(slot_phase::idle));
  auto promise = *closed_;
  closed_.reset();
  promise.deliver(caf::ok_atom_v);
}

void cluster_state::end_closing() {
  finish_closing();
}

cluster_actor::behavior_type cluster(observed_ptr<cluster_actor, cluster_state> self,
                                     cluster_arguments arguments) {
  self->set_down_handler([self](const caf::down_msg& x) { self->state.engine_down(x); });
  self->state.open(std::move(arguments));
  return {
    [self](const backend_added& x) { self->state.add(x.value); },
    [self](const backend_removed& x) { self->state.remove(x.id); },
    [self](const backend_changed& x) { self->state.change(x.value); },
    [self](caf::open_atom) { self->state.discovered(); },
    [self](const reconfigured& x) { self->state.reconfigure(x); },
    [self](const session_over& x) { self->state.session_is_over(x.backend); },
    [self](caf::update_atom) { self->state.ask(); },
    [self](caf::tick_atom) { self->state.tick(); },
    [self](caf::close_atom) { return self->state.close(); },
    [self](caf::timeout_atom) { self->state.end_closing(); },
  };
}

} // namespace pgstatsmon
