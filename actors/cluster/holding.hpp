// The slots of one member: what becomes of them as leases come and go. Pure; time is an argument.
#pragma once

#include "actors/cluster/slot_plan.hpp"
#include "messages/cluster.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// How a member behaves.
struct holding_options {
  caf::timespan ttl{0};           ///< Of its lease; positive.
  caf::timespan settle{0};        ///< How long a member is there before it counts.
  caf::timespan interval{0};      ///< Positive; in each, so many slots may begin to move ...
  double max_moves = 0.05;        ///< ... as this share of all, over all members.
  bool stop_when_cut_off = false; ///< Polls end with the lease.

  friend bool operator==(const holding_options&, const holding_options&) = default;
};

/// What becomes of a slot here.
enum class slot_phase : uint8_t {
  idle,   ///< Not ours.
  held,   ///< Ours, and polled.
  ending, ///< To be given away; its polls are ending.
  ended,  ///< To be given away; nothing of it runs any more.
};

/// Counts since the start.
struct holding_counts {
  uint64_t taken = 0;         ///< Slots that became ours.
  uint64_t given = 0;         ///< Slots that another should have, given away.
  uint64_t drained = 0;       ///< Slots given away at the end.
  uint64_t somebody_else = 0; ///< Slots of ours that another turned out to have.
  uint64_t cut_off = 0;       ///< Times that the lease may have ended while we held slots.

  friend bool operator==(const holding_counts&, const holding_counts&) = default;
};

/// The polls to begin and to end.
struct slot_changes {
  std::vector<slot_number> start;
  std::vector<slot_number> stop; ///< Say over() when nothing of it runs any more.
};

/// Knows what it was told and decides; whoever owns it carries out.
///
/// A slot is polled from when the engine says that it is ours until its polls have ended by our own
/// will, and only then let go of: of members that see the engine in time two never poll one slot.
/// What can't be known stays as it is: a member without an engine goes on with what it has.
class holding {
public:
  using time_point = caf::actor_clock::time_point;

  holding(member_record self, const holding_options& options);

  // -- what happens -------------------------------------------------------------------------------

  /// The engine has answered.
  /// @param sent When it was asked: the lease lasts at least a ttl from then on.
  void take(const engine_view_ptr& view, time_point sent, time_point now);

  /// It has not.
  void engine_failed();

  /// The polls of a slot that was to stop are over.
  void over(slot_number slot);

  /// What we had in an earlier life, when there is no engine to ask.
  void adopt(const std::vector<slot_number>& slots, time_point now);

  /// All is to be given away.
  void drain();

  /// What others are told of us.
  void describe(member_record self);

  /// Time has passed: a lease may have ended.
  void look(time_point now);

  // -- what is to be done -------------------------------------------------------------------------

  /// Since the last call.
  slot_changes changes();

  /// What the engine is to do. Nothing new is planned until it was answered or has failed.
  engine_order next_order(time_point now);

  // -- what is ------------------------------------------------------------------------------------

  [[nodiscard]] slot_phase phase(slot_number slot) const { return phases_[slot]; }

  /// Slots in a phase.
  [[nodiscard]] size_t count(slot_phase x) const;

  /// The slot is ours, and nobody else can have it yet.
  [[nodiscard]] bool is_sure_of(slot_number slot, time_point now) const {
    return phases_[slot] != slot_phase::idle && !lost_[slot] && now < until_;
  }

  /// We have slots that others may have taken, as our lease may have ended.
  [[nodiscard]] bool doubtful() const noexcept { return doubtful_; }

  /// Another daemon has our name.
  [[nodiscard]] bool name_is_taken() const noexcept { return view_ != nullptr && view_->taken; }

  /// Members of another layout keep us out, or we them.
  [[nodiscard]] bool layout_differs() const;

  /// Nothing of ours runs or is to be released any more.
  [[nodiscard]] bool drained() const;

  /// How long the lease lasts at least; negative once it may have ended.
  [[nodiscard]] caf::timespan lease_left(time_point now) const noexcept { return until_ - now; }

  /// Null until the engine has answered.
  [[nodiscard]] const engine_view_ptr& view() const noexcept { return view_; }

  [[nodiscard]] const holding_counts& counts() const noexcept { return counts_; }

  /// What the newest plan leaves undone, and why.
  [[nodiscard]] const std::vector<undone>& undone_now() const noexcept { return undone_; }

  [[nodiscard]] const member_record& self() const noexcept { return self_; }

private:
  /// The number of this member in the view, or no_owner.
  [[nodiscard]] int16_t number_of_self() const;
  [[nodiscard]] bool older_layout_is_there() const;
  void reconcile(slot_number slot, bool ours, bool others, time_point now);
  void set(slot_number slot, slot_phase to);
  void stop(slot_number slot, slot_phase to);
  void plan(engine_order& order, time_point now);
  [[nodiscard]] caf::timespan age_of(const seen_member& x, time_point now) const;
  [[nodiscard]] bool nobody_has_settled(time_point now) const;
  [[nodiscard]] bool still_gathering(size_t self, time_point now);
  void count_members(plan_question& to, time_point now);
  void give(const std::vector<slot_number>& slots);
  void note(undone_reason reason, size_t slots);

  member_record self_;
  holding_options options_;
  std::array<slot_phase, slot_count> phases_{};
  std::array<uint64_t, slot_count> fences_{};
  std::array<bool, slot_count> lost_{}; ///< Nobody has it, or another; while it is held or ends.
  std::array<time_point, slot_count> free_since_{};
  std::array<size_t, 4> in_phase_{};
  engine_view_ptr view_;
  time_point seen_at_;   ///< The view.
  time_point until_;     ///< Our lease lasts at least to then.
  time_point prolonged_; ///< When the engine was last asked to.
  bool answers_ = false; ///< The engine has answered the last order.
  bool doubtful_ = false;
  bool draining_ = false;
  time_point window_;    ///< Begin of the interval in which ...
  size_t given_now_ = 0; ///< ... so many slots began to move.
  slot_changes changes_;
  holding_counts counts_;
  std::vector<undone> undone_;
  std::map<std::pair<std::string, double>, std::vector<double>> affinities_; ///< By id and weight.
};

} // namespace pgstatsmon
