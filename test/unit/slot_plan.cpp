// The planner of slots: who should have what, and what is left undone.
#define SUITE slot_plan

#include "actors/cluster/slot_plan.hpp"

#include "test/unit/test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

using namespace pgstatsmon;

namespace {

/// Members with their affinities, and who has what.
struct world {
  explicit world(std::vector<double> weights) : weights_{std::move(weights)} {
    for (size_t i = 0; i < weights_.size(); ++i) {
      values_.push_back(affinities(fmt::format("m{}", i), weights_[i]));
      counts.push_back(true);
    }
    owners.fill(no_owner);
  }

  plan_question question(size_t self) const {
    plan_question result;
    for (size_t i = 0; i < weights_.size(); ++i)
      result.members.push_back(
        {.weight = weights_[i], .counts = counts[i], .comes = true, .affinities = &values_[i]});
    result.owners = owners;
    result.self = self;
    result.may_move = may_move;
    result.turns.fill(turns);
    return result;
  }

  slot_plan plan(size_t self) const { return plan_slots(question(self)); }

  /// Everybody carries out what it plans; how many slots went from one to another.
  size_t step() {
    auto before = owners;
    std::vector<slot_plan> plans;
    for (size_t i = 0; i < weights_.size(); ++i)
      plans.push_back(plan(i));
    size_t moved = 0;
    for (size_t i = 0; i < weights_.size(); ++i) {
      for (auto slot : plans[i].give) {
        CHECK_EQUAL(before[slot], static_cast<int16_t>(i));
        owners[slot] = no_owner;
        ++moved;
      }
      for (auto slot : plans[i].claim) {
        CHECK_EQUAL(before[slot], no_owner);
        if (owners[slot] != no_owner)
          ++contested;
        owners[slot] = static_cast<int16_t>(i);
      }
    }
    return moved;
  }

  /// Steps until nothing moves any more; how many slots moved.
  size_t settle() {
    size_t result = 0;
    for (int i = 0; i < 1000; ++i) {
      auto before = owners;
      result += step();
      if (owners == before)
        return result;
    }
    CAF_FAIL("it never settles");
    return result;
  }

  std::vector<size_t> sizes() const {
    std::vector<size_t> result(weights_.size());
    for (auto x : owners)
      if (x != no_owner)
        ++result[static_cast<size_t>(x)];
    return result;
  }

  std::vector<bool> counts;
  slot_owners owners{};
  size_t may_move = slot_count;
  uint8_t turns = 0;
  size_t contested = 0;

private:
  std::vector<double> weights_;
  std::vector<std::vector<double>> values_;
};

size_t undone_of(const slot_plan& x, undone_reason reason) {
  for (const auto& y : x.undone_for)
    if (y.reason == reason)
      return y.slots;
  return 0;
}

} // namespace

TEST(a member alone takes all) {
  world w{{1}};
  CHECK_EQUAL(w.plan(0).claim.size(), slot_count);
  w.settle();
  CHECK(w.plan(0).claim.empty());
  CHECK(w.plan(0).give.empty());
  CHECK(w.plan(0).undone_for.empty());
}

TEST(members share by weight to the slot and nobody contests a slot) {
  world w{{1, 1, 2, 4}};
  w.settle();
  CHECK(w.sizes() == (std::vector<size_t>{128, 128, 256, 512}));
  CHECK_EQUAL(w.contested, 0u);
}

TEST(shares that are no whole numbers are a slot apart at most) {
  for (size_t n = 2; n <= 20; ++n) {
    world w{std::vector<double>(n, 1)};
    w.settle();
    auto sizes = w.sizes();
    auto [least, most] = std::ranges::minmax(sizes);
    CHECK_EQUAL(std::accumulate(sizes.begin(), sizes.end(), size_t{0}), slot_count);
    CHECK(most - least <= 1);
  }
}

TEST(one that comes gets its share and hardly anything else moves) {
  world w{std::vector<double>(10, 1)};
  w.counts[9] = false;
  w.settle();
  auto before = w.owners;
  CHECK_EQUAL(undone_of(w.plan(0), undone_reason::settling), 102u);
  w.counts[9] = true;
  auto moved = w.settle();
  CHECK(moved >= 102);
  CHECK(moved <= 104);
  // Shares are no whole numbers, so who gave one too many may get another one back.
  size_t astray = 0;
  for (size_t slot = 0; slot < slot_count; ++slot)
    astray += w.owners[slot] != before[slot] && w.owners[slot] != 9 ? 1 : 0;
  CHECK(astray <= 2);
}

TEST(what one leaves is shared and nothing else moves) {
  world w{std::vector<double>(10, 1)};
  w.settle();
  auto before = w.owners;
  w.counts[3] = false;
  for (auto& x : w.owners)
    if (x == 3)
      x = no_owner;
  CHECK_EQUAL(w.settle(), 0u);
  for (size_t slot = 0; slot < slot_count; ++slot)
    CHECK(before[slot] == 3 || w.owners[slot] == before[slot]);
  CHECK(w.sizes()[3] == 0);
}

TEST(what goes to one that comes is what it has most affinity to) {
  world w{{1, 1}};
  w.counts[1] = false;
  w.settle();
  w.counts[1] = true;
  w.settle();
  // Drawn at random, it would be half of them.
  auto q = w.question(0);
  size_t best = 0;
  for (size_t slot = 0; slot < slot_count; ++slot)
    best +=
      w.owners[slot] == 1 && (*q.members[1].affinities)[slot] > (*q.members[0].affinities)[slot]
        ? 1
        : 0;
  CHECK(best > slot_count / 2 * 9 / 10);
}

TEST(moves are bounded over all members and the plan says how many wait) {
  world w{std::vector<double>(4, 1)};
  w.counts[3] = false;
  w.settle();
  w.counts[3] = true;
  w.may_move = 30;
  size_t all = 0;
  for (size_t i = 0; i < 3; ++i) {
    auto plan = w.plan(i);
    all += plan.give.size();
    CHECK(undone_of(plan, undone_reason::bounded) > 50);
    auto question = w.question(i);
    question.has_given = plan.give.size();
    CHECK(plan_slots(question).give.empty());
  }
  CHECK(all >= 30);
  CHECK(all <= 33);
}

TEST(a slot that its heir does not take is the next ones after a turn each) {
  world w{{1, 1, 1}};
  auto first = w.plan(0);
  CHECK_EQUAL(undone_of(first, undone_reason::others_first), slot_count - first.claim.size());
  w.turns = 1;
  auto second = w.plan(0);
  CHECK(second.claim.size() > first.claim.size() + 200);
  CHECK(second.claim.size() < slot_count);
  w.turns = 3;
  CHECK_EQUAL(w.plan(0).claim.size(), slot_count);
}

TEST(a member that does not count takes and gives nothing) {
  world w{{1, 1}};
  w.counts[1] = false;
  w.turns = 200;
  CHECK(w.plan(1).claim.empty());
  w.owners.fill(1);
  CHECK(w.plan(1).give.empty());
  w.counts[0] = false;
  w.owners.fill(no_owner);
  CHECK(w.plan(0).claim.empty());
}

TEST(slots are of about the same size and the same on every machine) {
  std::vector<int> sizes(slot_count);
  for (int i = 0; i < 50'000; ++i)
    ++sizes[slot_of(fmt::format("{:08x}@10.0.{}.{}:5432/app", i, i / 250, i % 250))];
  CHECK(*std::ranges::min_element(sizes) > 15);
  CHECK(*std::ranges::max_element(sizes) < 90);
  CHECK_EQUAL(slot_of("a"), 925u);
  CHECK_EQUAL(slot_of("moray@10.1.2.3:5432/postgres"), 436u);
}
