// The planner: from who is there and who has what to what a member should do, and what it leaves
// undone and why. Pure.
#pragma once

#include "actors/cluster/slots.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// Of a slot that nobody has.
inline constexpr int16_t no_owner = -1;

/// For each slot the number of the member that has it, or no_owner.
using slot_owners = std::array<int16_t, slot_count>;

/// A member, as far as the plan goes.
struct planned_member {
  double weight = 1;                               ///< Positive.
  bool counts = true;                              ///< False: it gets none ...
  bool comes = false;                              ///< ... yet.
  const std::vector<double>* affinities = nullptr; ///< Its affinities().
};

/// What is known.
struct plan_question {
  std::vector<planned_member> members;
  slot_owners owners{};
  size_t self = 0;      ///< The number of the member that asks.
  size_t may_move = 0;  ///< Slots that all members together may give away in an interval.
  size_t has_given = 0; ///< ... and the one that asks has, in this one.

  /// For how many turns each slot has been nobody's. With each turn the next in the order of
  /// affinity may take it, as the ones before seem not to.
  std::array<uint8_t, slot_count> turns{};
};

/// Why slots stay where they are, or nobody's, though another should have them.
enum class undone_reason : uint8_t {
  settling,     ///< A member has only just come: what would be its.
  bounded,      ///< Enough are on the move.
  others_first, ///< They are nobody's, and others' to take.
  ending,       ///< Their last polls are not over.
  no_engine,    ///< What others have is not known.
  layout,       ///< Members of another layout are there.
};

constexpr std::array<undone_reason, 6> all_undone_reasons{
  undone_reason::settling, undone_reason::bounded,   undone_reason::others_first,
  undone_reason::ending,   undone_reason::no_engine, undone_reason::layout};

/// A reason, as metrics and reports show it.
constexpr std::string_view to_string_view(undone_reason x) noexcept {
  switch (x) {
  case undone_reason::settling: return "settling";
  case undone_reason::bounded: return "bounded";
  case undone_reason::others_first: return "others_first";
  case undone_reason::ending: return "ending";
  case undone_reason::no_engine: return "no_engine";
  case undone_reason::layout: return "layout";
  }
  return "unknown";
}

/// So many slots are left as they are.
struct undone {
  undone_reason reason{};
  size_t slots = 0;

  friend bool operator==(const undone&, const undone&) = default;
};

/// What the member that asked should do.
struct slot_plan {
  std::vector<slot_number> claim; ///< Nobody's: take them.
  std::vector<slot_number> give;  ///< Its own: end their polls and let go of them.
  std::vector<undone> undone_for; ///< Each reason once at most.
};

/// Slots stay where they are unless a member has more than its share and another has less. What
/// moves goes to the member that has most affinity to it among those with room, so all members
/// that know the same plan the same, and a member that comes makes no more slots move than it gets.
/// In the end no member that counts is a whole slot away from its share.
slot_plan plan_slots(const plan_question& known);

} // namespace pgstatsmon
