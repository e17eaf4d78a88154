// Quotas, heirs of what is nobody's, and moves between those who have too much and too little.
#include "actors/cluster/slot_plan.hpp"

#include <algorithm>
#include <cmath>

namespace pgstatsmon {

namespace {

/// What a member has, and should have at least and at most.
struct quota {
  size_t least = 0;
  size_t most = 0;
  size_t has = 0;
};

/// A slot that may move.
struct offer {
  slot_number slot = 0;
  int16_t from = 0;
  int16_t to = 0;
  double gain = 0; ///< How many times more affinity the heir has.
};

class planner {
public:
  explicit planner(const plan_question& known) : known_{known}, quotas_(known.members.size()) {}

  slot_plan run() {
    find_quotas();
    if (weights_ > 0) {
      assign_free();
      assign_excess();
    }
    note(undone_reason::settling, settling_slots());
    return std::move(result_);
  }

private:
  void find_quotas() {
    for (const auto& x : known_.members)
      weights_ += x.counts ? x.weight : 0;
    for (size_t i = 0; i < quotas_.size(); ++i)
      if (const auto& x = known_.members[i]; x.counts) {
        auto exact = slot_count * x.weight / weights_;
        quotas_[i].least = static_cast<size_t>(std::floor(exact));
        quotas_[i].most = static_cast<size_t>(std::ceil(exact));
      }
    for (auto x : known_.owners)
      if (x != no_owner)
        ++quotas_[static_cast<size_t>(x)].has;
  }

  [[nodiscard]] double affinity(size_t member, slot_number slot) const {
    return (*known_.members[member].affinities)[slot];
  }

  /// Who has most affinity to a slot among those that count and have less than their bound.
  template <class Bound>
  [[nodiscard]] int16_t best_below(slot_number slot, Bound bound) const {
    auto result = no_owner;
    double best = 0;
    for (size_t i = 0; i < quotas_.size(); ++i)
      if (known_.members[i].counts && quotas_[i].has < bound(quotas_[i]))
        if (auto x = affinity(i, slot); x > best) {
          best = x;
          result = static_cast<int16_t>(i);
        }
    return result;
  }

  [[nodiscard]] int16_t heir_of(slot_number slot) const {
    auto result = best_below(slot, [](const quota& x) { return x.least; });
    if (result == no_owner)
      result = best_below(slot, [](const quota& x) { return x.most; });
    return result == no_owner ? best_below(slot, [](const quota&) { return slot_count + 1; })
                              : result;
  }

  /// How many members come before the one that asks: the heir, then others in the order of
  /// affinity.
  [[nodiscard]] size_t turns_before_self(slot_number slot, size_t heir) const {
    auto own = affinity(known_.self, slot);
    size_t result = 1;
    for (size_t i = 0; i < quotas_.size(); ++i)
      result += i != heir && known_.members[i].counts && affinity(i, slot) > own ? 1 : 0;
    return result;
  }

  void assign_free() {
    size_t others = 0;
    for (slot_number slot = 0; slot < slot_count; ++slot) {
      if (known_.owners[slot] != no_owner)
        continue;
      auto heir = static_cast<size_t>(heir_of(slot));
      ++quotas_[heir].has;
      if (heir == known_.self
          || (known_.members[known_.self].counts
              && known_.turns[slot] >= turns_before_self(slot, heir)))
        result_.claim.push_back(slot);
      else
        ++others;
    }
    note(undone_reason::others_first, others);
  }

  [[nodiscard]] std::vector<offer> offers() const {
    std::vector<offer> result;
    auto lacks = [](const quota& x) { return x.least; };
    auto has_room = [](const quota& x) { return x.most; };
    auto somebody_lacks = false;
    for (size_t i = 0; i < quotas_.size(); ++i)
      somebody_lacks =
        somebody_lacks || (known_.members[i].counts && quotas_[i].has < quotas_[i].least);
    for (slot_number slot = 0; slot < slot_count; ++slot) {
      auto from = known_.owners[slot];
      if (from == no_owner || !known_.members[static_cast<size_t>(from)].counts)
        continue;
      const auto& giver = quotas_[static_cast<size_t>(from)];
      if (giver.has <= (somebody_lacks ? giver.least : giver.most))
        continue;
      auto to = somebody_lacks ? best_below(slot, lacks) : best_below(slot, has_room);
      if (to != no_owner && to != from)
        result.push_back(
          {slot, from, to,
           affinity(static_cast<size_t>(to), slot) / affinity(static_cast<size_t>(from), slot)});
    }
    // The number, so that all members sort alike.
    std::ranges::sort(result, [](const offer& x, const offer& y) {
      return x.gain != y.gain ? x.gain > y.gain : x.slot < y.slot;
    });
    return result;
  }

  void assign_excess() {
    size_t all = 0;
    for (const auto& x : offers()) {
      auto& giver = quotas_[static_cast<size_t>(x.from)];
      auto& heir = quotas_[static_cast<size_t>(x.to)];
      auto needed = giver.has > giver.least && heir.has < heir.least;
      auto too_many = giver.has > giver.most && heir.has < heir.most;
      if (!needed && !too_many)
        continue;
      --giver.has;
      ++heir.has;
      ++all;
      if (static_cast<size_t>(x.from) == known_.self)
        result_.give.push_back(x.slot);
    }
    bound_gifts(all);
  }

  /// Each giver has its part of the bound, and one slot at least.
  void bound_gifts(size_t all) {
    auto& own = result_.give;
    if (own.empty())
      return;
    auto part = std::max<size_t>((known_.may_move * own.size() + all - 1) / all, 1);
    auto now = std::min(own.size(), part - std::min(part, known_.has_given));
    note(undone_reason::bounded, own.size() - now);
    own.resize(now);
  }

  /// What members that do not count yet would have.
  [[nodiscard]] size_t settling_slots() const {
    double coming = 0;
    for (const auto& x : known_.members)
      coming += !x.counts && x.comes ? x.weight : 0;
    return coming > 0 ? static_cast<size_t>(slot_count * coming / (coming + weights_)) : 0;
  }

  void note(undone_reason reason, size_t slots) {
    if (slots > 0)
      result_.undone_for.push_back({reason, slots});
  }

  const plan_question& known_;
  std::vector<quota> quotas_;
  double weights_ = 0; // of those that count
  slot_plan result_;
};

} // namespace

slot_plan plan_slots(const plan_question& known) {
  return planner{known}.run();
}

} // namespace pgstatsmon
