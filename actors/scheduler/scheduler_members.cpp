// The SCHEDULER's members: backends that come, go, die and are started again.
#include "actors/scheduler/scheduler.hpp"
#include "config/log.hpp"

namespace pgstatsmon {

void scheduler_state::discovered() {
  discovered_ = true;
  for (const auto& [life, who] : members_)
    untried_.insert(life);
  look_at_untried();
}

// Who can't be reached is not polled, so its first failure is looked for here.
void scheduler_state::look_at_untried() {
  std::erase_if(untried_, [this](incarnation life) {
    auto i = members_.find(life);
    return i == members_.end() || !i->second.connection || i->second.metrics->paused
           || i->second.metrics->last_failure != failure::none;
  });
  if (discovered_ && untried_.empty() && arguments_.metrics.pulse != nullptr)
    arguments_.metrics.pulse->set_ready();
}

void scheduler_state::tried(incarnation life) {
  if (untried_.erase(life) > 0 && untried_.empty())
    look_at_untried();
}

void scheduler_state::add(const backend& target) {
  if (draining_)
    return;
  auto paused_until = all_paused_until_;
  auto disconnected = all_disconnected_ && self_->clock().now() < all_paused_until_;
  if (auto i = lives_.find(target.id); i != lives_.end()) {
    paused_until = members_[i->second].paused_until;
    disconnected = members_[i->second].disconnected;
  }
  remove(target.id);
  auto life = ++last_life_;
  lives_[target.id] = life;
  auto& added = members_[life];
  added.target = target;
  added.paused_until = paused_until;
  added.disconnected = disconnected;
  added.metrics = std::make_shared<backend_metrics>(arguments_.queries, arguments_.metrics.fleet);
  added.metrics->paused = self_->clock().now() < paused_until;
  timetable_.add(life, target.id, self_->clock().now());
  plan_samples(life, target);
  show_plan(life, added);
  self_->send(arguments_.registry, backend_known{target, life, added.metrics});
  start_actors(life, added);
  arm();
  show();
}

void scheduler_state::change(const backend& target) {
  auto i = lives_.find(target.id);
  if (i == lives_.end())
    return;
  auto& who = members_[i->second];
  who.target = target;
  self_->send(arguments_.registry, backend_known{target, i->second, who.metrics});
  if (who.connection)
    self_->send(who.connection, backend_changed{target});
}

void scheduler_state::start_actors(incarnation life, member& who) {
  who.connection =
    arguments_.spawn_backend(self_, who.target, life, who.metrics, arguments_.options);
  connections_.emplace(who.connection.address(), life);
  self_->monitor(who.connection);
  if (who.disconnected)
    self_->send(who.connection, session_order{.connect = false});
}

void scheduler_state::remove(const std::string& id) {
  auto i = lives_.find(id);
  if (i == lives_.end())
    return;
  auto life = i->second;
  lives_.erase(i);
  auto& gone = members_[life];
  answer_orders(gone, caf::make_error(ec::no_such_backend, "the backend was removed"));
  leave(life, gone);
  members_.erase(life);
  slot_is_back(life);
}

void scheduler_state::leave(incarnation life, const member& who) {
  timetable_.remove(life);
  samples_.remove(life);
  self_->send(arguments_.registry, backend_forgotten{life});
  if (!who.connection)
    return;
  connections_.erase(who.connection.address());
  leaving_.insert(who.connection.address());
  self_->send(who.connection, backend_removed{who.target.id});
}

void scheduler_state::down(const caf::down_msg& message) {
  if (leaving_.erase(message.source) > 0) {
    answer_drain();
    return;
  }
  auto i = connections_.find(message.source);
  if (i == connections_.end())
    return;
  auto life = i->second;
  connections_.erase(i);
  auto& died = members_.at(life);
  auto cluster = cluster_of(died);
  say(spdlog::level::err,
      {.event = log_event::backend_crashed, .backend = died.target.name, .cluster = cluster},
      "backend {}: its actors died ({}), they are started again", died.target.name,
      caf::to_string(message.reason));
  died.connection = nullptr;
  died.sampling = died.poll_next = false;
  died.metrics->up = false;
  died.metrics->state = backend_state::backoff;
  died.metrics->restarts.fetch_add(1, std::memory_order_relaxed);
  answer_orders(died, caf::make_error(ec::timeout, "the backend's actors died"));
  self_->delayed_send(self_, died.restarts.next(arguments_.chance()), caf::reset_atom_v, life);
  slot_is_back(life);
}

void scheduler_state::restart(incarnation life) {
  auto i = members_.find(life);
  if (i != members_.end() && !i->second.connection && !draining_)
    start_actors(life, i->second);
}

} // namespace pgstatsmon
