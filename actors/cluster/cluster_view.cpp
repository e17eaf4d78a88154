// What others see of CLUSTER.
#include "actors/cluster/cluster.hpp"
#include "actors/cluster/owned_file.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

/// How often the disk is written at most.
constexpr caf::timespan keeping = 5s;

} // namespace

cluster_status cluster_state::status() const {
  auto now = self_->clock().now();
  cluster_status result;
  result.fleet = options().fleet;
  result.self = options().member;
  result.when = arguments_.unix_time();
  result.known = holding_->view() != nullptr;
  result.engine_answers = answers_;
  if (!answers_)
    result.problem = problem_;
  else if (holding_->name_is_taken())
    result.problem = "another daemon has this name";
  else if (holding_->layout_differs())
    result.problem = "members of another layout are there";
  if (holding_->view() != nullptr)
    result.lease_left = std::chrono::duration<double>{holding_->lease_left(now)}.count();
  result.doubtful = holding_->doubtful();
  result.draining = closing_;
  result.slots_held = holding_->count(slot_phase::held);
  result.slots_ending = holding_->count(slot_phase::ending) + holding_->count(slot_phase::ended);
  result.backends = backends_.size();
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (holding_->phase(slot) == slot_phase::held)
      result.backends_held += ids_[slot].size();
  result.undone_for = holding_->undone_now();
  result.counts = holding_->counts();
  if (result.known)
    for (const auto& x : holding_->view()->members)
      result.members.push_back({.id = x.record.id,
                                .address = x.record.address,
                                .version = x.record.version,
                                .weight = x.record.weight,
                                .age = x.age,
                                .self = x.record.id == options().member,
                                .settled = x.age >= options().settle,
                                .leaving = x.record.leaving,
                                .agrees = x.record.fingerprint == fingerprint_});
  if (result.known)
    for (slot_number slot = 0; slot < slot_count; ++slot)
      if (auto owner = holding_->view()->owners[slot]; owner != no_owner) {
        auto& x = result.members[static_cast<size_t>(owner)];
        ++x.slots;
        x.backends += ids_[slot].size();
      }
  return result;
}

void cluster_state::publish() {
  auto now = std::make_shared<const cluster_status>(status());
  arguments_.metrics->show(*now);
  arguments_.view->set(std::move(now));
  publish_targets();
}

void cluster_state::publish_targets() {
  const auto& view = holding_->view();
  if (view != nullptr && view != shown_view_) {
    std::vector<std::shared_ptr<const std::string>> of;
    for (const auto& x : view->members)
      of.push_back(std::make_shared<const std::string>(x.record.address));
    // Whose owner is gone is still looked for there: nobody else has it yet.
    for (slot_number slot = 0; slot < slot_count; ++slot)
      if (auto owner = view->owners[slot]; owner != no_owner)
        if (auto& x = addresses_[slot]; x == nullptr || *x != *of[static_cast<size_t>(owner)]) {
          x = of[static_cast<size_t>(owner)];
          targets_changed_ = true;
        }
    shown_view_ = view;
    auto owner_of = [this](const std::string& id) {
      const auto& x = addresses_[slot_of(id)];
      return x != nullptr && *x != options().advertise ? x : nullptr;
    };
    arguments_.left->follow(owner_of, self_->clock().now());
  }
  if (!targets_changed_ || !opened_ || std::ranges::count(addresses_, nullptr) > 0)
    return;
  targets_changed_ = false;
  auto result = std::make_shared<fleet_targets>();
  result->reserve(backends_.size());
  for (const auto& [id, x] : backends_)
    result->push_back({x, addresses_[slot_of(id)]});
  arguments_.view->set(fleet_targets_ptr{std::move(result)});
}

void cluster_state::keep_owned_slots() {
  if (options_->state_dir.empty() || holding_->view() == nullptr)
    return;
  std::vector<slot_number> now;
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (holding_->phase(slot) == slot_phase::held)
      now.push_back(slot);
  if (now == kept_ || self_->clock().now() - kept_at_ < keeping || (closing_ && !now.empty()))
    return;
  kept_ = now;
  kept_at_ = self_->clock().now();
  if (auto error = keep_owned(options_->state_dir, {options().fleet, options().member}, kept_))
    say(spdlog::level::warn, log_event::slots_not_kept, "cluster: {}", sentence_of(error));
}

} // namespace pgstatsmon
