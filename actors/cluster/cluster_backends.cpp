// CLUSTER's backends: what the SCHEDULER is told as slots come and go.
#include "actors/cluster/cluster.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

/// What the polls of a slot may take to end, before it is given away all the same.
constexpr caf::timespan ending_limit = 10s;

} // namespace

void cluster_state::add(const backend& x) {
  auto slot = slot_of(x.id);
  backends_[x.id] = std::make_shared<const backend>(x);
  ids_[slot].insert(x.id);
  targets_changed_ = true;
  if (holding_->phase(slot) != slot_phase::held)
    return;
  arguments_.left->forget(x.name);
  self_->send(arguments_.scheduler, backend_added{x});
}

void cluster_state::remove(const std::string& id) {
  auto slot = slot_of(id);
  if (auto i = backends_.find(id); i != backends_.end()) {
    arguments_.left->forget(i->second->name);
    backends_.erase(i);
  }
  ids_[slot].erase(id);
  targets_changed_ = true;
  if (holding_->phase(slot) == slot_phase::held)
    self_->send(arguments_.scheduler, backend_removed{id});
}

void cluster_state::change(const backend& x) {
  backends_[x.id] = std::make_shared<const backend>(x);
  targets_changed_ = true;
  if (holding_->phase(slot_of(x.id)) == slot_phase::held)
    self_->send(arguments_.scheduler, backend_changed{x});
}

void cluster_state::discovered() {
  discovered_ = true;
  open_if_known();
}

// The SCHEDULER then says that the daemon is ready once each of our backends was tried.
void cluster_state::open_if_known() {
  auto known = holding_->view() != nullptr || holding_->count(slot_phase::held) > 0;
  if (opened_ || !discovered_ || !known || holding_->name_is_taken() || holding_->layout_differs())
    return;
  opened_ = true;
  self_->send(arguments_.scheduler, caf::open_atom_v);
}

void cluster_state::follow() {
  auto changes = holding_->changes();
  for (auto slot : changes.start)
    start(slot);
  if (!changes.stop.empty())
    stop(changes.stop);
}

void cluster_state::start(slot_number slot) {
  for (const auto& id : ids_[slot]) {
    const auto& x = *backends_.at(id);
    arguments_.left->forget(x.name);
    self_->send(arguments_.scheduler, backend_added{x});
  }
}

void cluster_state::stop(const std::vector<slot_number>& slots) {
  auto now = self_->clock().now();
  for (const auto& x : *arguments_.backends->get())
    if (std::ranges::find(slots, slot_of(x->value.id)) != slots.end())
      arguments_.left->keep(x, now + options_->stale_after);
  for (auto slot : slots) {
    ending_[slot].since = now;
    for (const auto& id : ids_[slot])
      self_->send(arguments_.scheduler, backend_removed{id});
  }
  // It answers in the order of what it gets, so then it has begun to end them.
  self_->request(arguments_.scheduler, ending_limit, caf::get_atom_v)
    .then([this, slots](const scheduler_status&) { scheduler_has_heard(slots); },
          [](const caf::error&) { /* the limit of each slot ends it */ });
}

void cluster_state::scheduler_has_heard(const std::vector<slot_number>& slots) {
  for (auto slot : slots) {
    auto i = ending_.find(slot);
    if (i == ending_.end())
      continue;
    i->second.told = true;
    for (const auto& id : ids_[slot])
      if (arguments_.sessions->runs(id))
        i->second.running.insert(id);
    if (i->second.running.empty())
      slot_is_over(slot);
  }
  if (holding_->count(slot_phase::ended) > 0 || holding_->drained())
    ask();
}

void cluster_state::session_is_over(const std::string& id) {
  auto slot = slot_of(id);
  auto i = ending_.find(slot);
  if (i == ending_.end() || i->second.running.erase(id) == 0 || !i->second.told
      || !i->second.running.empty())
    return;
  slot_is_over(slot);
  if (ending_.empty())
    ask();
}

void cluster_state::slot_is_over(slot_number slot) {
  ending_.erase(slot);
  holding_->over(slot);
}

void cluster_state::look_for_stuck() {
  auto now = self_->clock().now();
  std::vector<slot_number> stuck;
  for (const auto& [slot, x] : ending_)
    if (now - x.since > ending_limit)
      stuck.push_back(slot);
  if (stuck.empty())
    return;
  say(spdlog::level::warn, log_event::slots_stuck,
      "cluster: the last polls of {} slots do not end: they are given away all the same",
      stuck.size());
  for (auto slot : stuck)
    slot_is_over(slot);
}

} // namespace pgstatsmon
