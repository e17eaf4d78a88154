// What becomes of slots.
#include "actors/cluster/holding.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

/// How long a slot that is nobody's waits for each member that comes before us.
constexpr caf::timespan turn = 2s;

/// How long the first members of a fleet wait for each other.
constexpr caf::timespan gathering = 3s;

/// What of a lease is not relied upon: clocks that run apart, and our own delays.
constexpr int margin_part = 10;

/// Leases are prolonged so often while they last.
constexpr int prolongations = 3;

} // namespace

holding::holding(member_record self, const holding_options& options)
  : self_{std::move(self)}, options_{options} {
  in_phase_[static_cast<size_t>(slot_phase::idle)] = slot_count;
}

size_t holding::count(slot_phase x) const {
  return in_phase_[static_cast<size_t>(x)];
}

void holding::set(slot_number slot, slot_phase to) {
  --in_phase_[static_cast<size_t>(phases_[slot])];
  ++in_phase_[static_cast<size_t>(to)];
  phases_[slot] = to;
}

void holding::stop(slot_number slot, slot_phase to) {
  set(slot, to);
  changes_.stop.push_back(slot);
}

int16_t holding::number_of_self() const {
  if (view_ == nullptr)
    return no_owner;
  for (size_t i = 0; i < view_->members.size(); ++i)
    if (view_->members[i].record.id == self_.id)
      return static_cast<int16_t>(i);
  return no_owner;
}

void holding::take(const engine_view_ptr& view, time_point sent, time_point now) {
  answers_ = true;
  if (view_ != view)
    seen_at_ = now; // one that is the same is as old as it was
  view_ = view;
  if (view->held && prolonged_ == sent)
    until_ = std::max(until_, sent + options_.ttl - options_.ttl / margin_part);
  auto self = view->held ? number_of_self() : no_owner;
  for (slot_number slot = 0; slot < slot_count; ++slot) {
    auto owner = view->owners[slot];
    auto ours = owner != no_owner && owner == self;
    if (ours)
      fences_[slot] = view->fences[slot];
    if (owner != no_owner)
      free_since_[slot] = {};
    else if (free_since_[slot] == time_point{})
      free_since_[slot] = now;
    reconcile(slot, ours, owner != no_owner && !ours, now);
  }
  doubtful_ = doubtful_ && !view->held;
  look(now);
}

void holding::reconcile(slot_number slot, bool ours, bool others, time_point now) {
  lost_[slot] = !ours;
  switch (phases_[slot]) {
  case slot_phase::idle:
    if (ours && draining_)
      set(slot, slot_phase::ended);
    else if (ours && (now < until_ || !options_.stop_when_cut_off)) {
      set(slot, slot_phase::held);
      changes_.start.push_back(slot);
      ++counts_.taken;
    }
    break;
  case slot_phase::held:
    if (!others)
      break; // if it is nobody's, it is asked for again
    ++counts_.somebody_else;
    stop(slot, slot_phase::ending);
    break;
  case slot_phase::ending: break;
  case slot_phase::ended:
    if (!ours)
      set(slot, slot_phase::idle);
    break;
  }
}

void holding::engine_failed() {
  answers_ = false;
  prolonged_ = {};
}

void holding::over(slot_number slot) {
  if (phases_[slot] == slot_phase::ending)
    set(slot, lost_[slot] ? slot_phase::idle : slot_phase::ended);
}

void holding::adopt(const std::vector<slot_number>& slots, time_point now) {
  for (auto slot : slots)
    if (slot < slot_count && phases_[slot] == slot_phase::idle) {
      set(slot, slot_phase::held);
      lost_[slot] = true;
      changes_.start.push_back(slot);
    }
  look(now);
}

void holding::drain() {
  draining_ = true;
  self_.leaving = true;
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (phases_[slot] == slot_phase::held) {
      ++counts_.drained;
      stop(slot, slot_phase::ending);
    }
}

void holding::describe(member_record self) {
  self.leaving = draining_;
  // At once, and not when the lease needs it.
  if (self != self_)
    prolonged_ = {};
  self_ = std::move(self);
}

void holding::look(time_point now) {
  auto held = count(slot_phase::held) > 0;
  if (!held || now < until_ || doubtful_)
    return;
  doubtful_ = true;
  ++counts_.cut_off;
  if (!options_.stop_when_cut_off)
    return;
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (phases_[slot] == slot_phase::held) {
      lost_[slot] = true;
      stop(slot, slot_phase::ending);
    }
}

slot_changes holding::changes() {
  return std::exchange(changes_, {});
}

bool holding::drained() const {
  return draining_ && count(slot_phase::idle) == slot_count;
}

bool holding::older_layout_is_there() const {
  return std::ranges::any_of(view_->members,
                             [&](const seen_member& x) { return x.record.layout < self_.layout; });
}

bool holding::layout_differs() const {
  return view_ != nullptr
         && (view_->layout > self_.layout
             || (view_->layout != 0 && view_->layout < self_.layout && older_layout_is_there()));
}

engine_order holding::next_order(time_point now) {
  engine_order result;
  result.self = self_;
  result.ttl = options_.ttl;
  result.prolong = !drained()
                   && (prolonged_ == time_point{} || view_ == nullptr || !view_->held
                       || now - prolonged_ >= options_.ttl / prolongations);
  if (result.prolong)
    prolonged_ = now;
  result.leave = drained();
  undone_.clear();
  if (view_ == nullptr || !answers_) {
    note(undone_reason::no_engine, slot_count - count(slot_phase::held));
  } else if (layout_differs()) {
    note(undone_reason::layout, slot_count);
    if (view_->layout > self_.layout)
      for (slot_number slot = 0; slot < slot_count; ++slot)
        if (phases_[slot] == slot_phase::held)
          stop(slot, slot_phase::ending);
  } else {
    if (view_->layout < self_.layout)
      result.layout = self_.layout;
    plan(result, now);
  }
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (phases_[slot] == slot_phase::ended)
      result.release.push_back({slot, fences_[slot]});
  note(undone_reason::ending, count(slot_phase::ending));
  return result;
}

caf::timespan holding::age_of(const seen_member& x, time_point now) const {
  return x.age + (now - seen_at_);
}

bool holding::nobody_has_settled(time_point now) const {
  return std::ranges::none_of(view_->members, [&](const seen_member& x) {
    return !x.record.leaving && age_of(x, now) >= options_.settle;
  });
}

// Members that are started together should not hand to each other what the first could take.
bool holding::still_gathering(size_t self, time_point now) {
  auto owned = [](int16_t x) { return x != no_owner; };
  if (age_of(view_->members[self], now) >= std::min(gathering, options_.settle)
      || count(slot_phase::held) > 0 || std::ranges::any_of(view_->owners, owned)
      || !nobody_has_settled(now))
    return false;
  free_since_.fill(now);
  note(undone_reason::settling, slot_count);
  return true;
}

void holding::plan(engine_order& order, time_point now) {
  auto self = number_of_self();
  if (self == no_owner || !view_->held || draining_
      || still_gathering(static_cast<size_t>(self), now))
    return;
  if (now - window_ >= options_.interval) {
    window_ = now;
    given_now_ = 0;
  }
  plan_question question;
  question.self = static_cast<size_t>(self);
  question.owners = view_->owners;
  question.may_move = std::max<size_t>(static_cast<size_t>(options_.max_moves * slot_count), 1);
  question.has_given = given_now_;
  count_members(question, now);
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (view_->owners[slot] == no_owner)
      question.turns[slot] =
        static_cast<uint8_t>(std::min<int64_t>((now - free_since_[slot]) / turn, 255));
  auto plan = plan_slots(question);
  undone_ = std::move(plan.undone_for);
  for (auto slot : plan.claim)
    if (phases_[slot] == slot_phase::idle)
      order.claim.push_back(slot);
  for (slot_number slot = 0; slot < slot_count; ++slot)
    if (phases_[slot] == slot_phase::held && lost_[slot] && view_->owners[slot] == no_owner)
      order.claim.push_back(slot);
  give(plan.give);
}

void holding::count_members(plan_question& to, time_point now) {
  auto all_count = nobody_has_settled(now);
  decltype(affinities_) live;
  for (const auto& x : view_->members) {
    auto key = std::pair{x.record.id, x.record.weight};
    auto node = affinities_.extract(key);
    auto& values = node.empty() ? live[key] : live.insert(std::move(node)).position->second;
    if (values.empty())
      values = affinities(x.record.id, x.record.weight);
    to.members.push_back(
      {.weight = x.record.weight,
       .counts = !x.record.leaving && (all_count || age_of(x, now) >= options_.settle),
       .comes = !x.record.leaving,
       .affinities = &values});
  }
  affinities_ = std::move(live);
}

void holding::give(const std::vector<slot_number>& slots) {
  for (auto slot : slots)
    if (phases_[slot] == slot_phase::held) {
      ++given_now_;
      ++counts_.given;
      stop(slot, slot_phase::ending);
    }
}

void holding::note(undone_reason reason, size_t slots) {
  if (slots > 0)
    undone_.push_back({reason, slots});
}

} // namespace pgstatsmon
