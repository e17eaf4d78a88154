// What becomes of one member's slots as its engine answers, is silent, or says what nobody likes.
#define SUITE holding

#include "actors/cluster/holding.hpp"

#include "test/unit/test.hpp"

#include <algorithm>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = holding::time_point;

constexpr holding_options options{.ttl = 15s, .settle = 20s, .interval = 10s};

member_record member(const std::string& id) {
  return {.id = id, .layout = layout_version};
}

/// A member "a", and what the test lets the engine say.
struct fixture {
  /// What the engine has: who is there and for how long, and who has all slots.
  engine_view_ptr view(std::vector<std::pair<member_record, caf::timespan>> members,
                       int16_t owner = no_owner) {
    auto result = std::make_shared<engine_view>();
    result->layout = layout;
    for (auto& [record, age] : members) {
      result->held = result->held || record.id == "a";
      result->members.push_back({std::move(record), age});
    }
    result->owners.fill(owner);
    result->fences.fill(owner == no_owner ? 0 : fence);
    return result;
  }

  /// Asks and is answered; what was asked.
  engine_order round(const engine_view_ptr& answer) {
    auto result = aut.next_order(now);
    aut.take(answer, now, now);
    return result;
  }

  /// It is alone, has settled and has all slots.
  void has_all() {
    round(view({{member("a"), 1h}}));
    round(view({{member("a"), 1h}}, 0));
    CHECK(aut.changes().start.size() == slot_count);
  }

  size_t undone_for(undone_reason reason) const {
    for (const auto& x : aut.undone_now())
      if (x.reason == reason)
        return x.slots;
    return 0;
  }

  time_point now{1h};
  uint32_t layout = layout_version;
  uint64_t fence = 7;
  holding aut{member("a"), options};
};

} // namespace

FIXTURE_SCOPE(holding_tests, fixture)

TEST(a member asks for what is nobodys and polls what the engine has given it) {
  auto first = round(view({{member("a"), 1h}}));
  CHECK(first.prolong);
  CHECK(first.claim.empty());
  auto second = round(view({{member("a"), 1h}}, 0));
  CHECK(second.claim.size() == slot_count);
  CHECK(!second.prolong);
  auto changes = aut.changes();
  CHECK(changes.start.size() == slot_count);
  CHECK(aut.count(slot_phase::held) == slot_count);
  CHECK_EQUAL(aut.counts().taken, slot_count);
  CHECK(round(view({{member("a"), 1h}}, 0)).claim.empty());
  CHECK(aut.changes().start.empty());
}

TEST(the first members wait for each other) {
  round(view({{member("a"), 0s}}));
  CHECK(aut.next_order(now).claim.empty());
  CHECK(undone_for(undone_reason::settling) == slot_count);
  now += 3s;
  CHECK(aut.next_order(now).claim.size() == slot_count);
}

TEST(a lease is prolonged thrice in its time) {
  has_all();
  now += 4s;
  CHECK(!round(view({{member("a"), 1h}}, 0)).prolong);
  now += 1s;
  CHECK(round(view({{member("a"), 1h}}, 0)).prolong);
  CHECK(aut.lease_left(now) == 15s - 1500ms);
}

TEST(what is given away is let go of when its polls are over and with its fence) {
  has_all();
  auto both = [&] { return view({{member("a"), 1h}, {member("b"), 1h}}, 0); };
  round(both());
  auto order = round(both());
  CHECK(order.release.empty());
  auto stopped = aut.changes().stop;
  CHECK(stopped.size() == 51);
  CHECK(undone_for(undone_reason::bounded) == 512 - 51);
  CHECK(undone_for(undone_reason::ending) == 51);
  CHECK(round(both()).release.empty());
  CHECK(aut.changes().stop.empty());
  aut.over(stopped.front());
  CHECK(aut.phase(stopped.front()) == slot_phase::ended);
  CHECK(round(both()).release == (std::vector<owned_slot>{{stopped.front(), fence}}));
  // Its answer may have been lost, so until it is seen it is said again.
  CHECK(round(both()).release.size() == 1);
  CHECK(round(view({{member("a"), 1h}, {member("b"), 1h}}, 1)).release.size() == 1);
  CHECK(aut.phase(stopped.front()) == slot_phase::idle);
  now += 10s;
  CHECK(aut.counts().given == 51);
}

TEST(more moves in the next interval) {
  has_all();
  auto both = [&] { return view({{member("a"), 1h}, {member("b"), 1h}}, 0); };
  round(both());
  round(both());
  auto given = aut.changes().stop;
  CHECK(given.size() == 51);
  for (auto slot : given)
    aut.over(slot);
  auto with_b = [&] {
    auto result = std::make_shared<engine_view>(*both());
    for (auto slot : given)
      result->owners[slot] = 1;
    return result;
  };
  now += 9s;
  round(with_b());
  round(with_b());
  CHECK(aut.changes().stop.empty());
  now += 1s;
  round(with_b());
  CHECK(aut.changes().stop.size() == 51);
}

TEST(a member that has just come gets nothing yet) {
  has_all();
  auto both = view({{member("a"), 1h}, {member("b"), 5s}}, 0);
  round(both);
  round(both);
  CHECK(aut.changes().stop.empty());
  CHECK(undone_for(undone_reason::settling) == 512);
  // An old answer ages, too.
  now += 8s;
  round(both);
  now += 7s;
  round(both);
  CHECK(!aut.changes().stop.empty());
}

TEST(without an engine a member goes on and is doubtful once its lease may have ended) {
  has_all();
  now += 13s;
  aut.next_order(now);
  aut.engine_failed();
  aut.look(now);
  CHECK(!aut.doubtful());
  auto order = aut.next_order(now);
  CHECK(order.prolong);
  now += 500ms;
  aut.look(now);
  CHECK(aut.doubtful());
  CHECK_EQUAL(aut.counts().cut_off, 1u);
  CHECK(aut.changes().stop.empty());
  CHECK(aut.count(slot_phase::held) == slot_count);
  // It is back, and nobody has come in between.
  now += 10s;
  order = round(view({{member("a"), 0s}}));
  order = round(view({{member("a"), 1s}}, 0));
  CHECK(order.claim.size() == slot_count);
  CHECK(!aut.doubtful());
  auto changes = aut.changes();
  CHECK(changes.start.empty() && changes.stop.empty());
  CHECK_EQUAL(aut.counts().somebody_else, 0u);
}

TEST(what others took meanwhile is given up at once) {
  has_all();
  now += 20s;
  aut.engine_failed();
  aut.look(now);
  round(view({{member("a"), 0s}, {member("b"), 1h}}, 1));
  auto stopped = aut.changes().stop;
  CHECK(stopped.size() == slot_count);
  CHECK_EQUAL(aut.counts().somebody_else, slot_count);
  for (auto slot : stopped)
    aut.over(slot);
  CHECK(aut.count(slot_phase::idle) == slot_count);
  CHECK(aut.next_order(now).release.empty());
}

TEST(a member that is to stop when it is cut off does so in time) {
  auto strict = options;
  strict.stop_when_cut_off = true;
  aut = holding{member("a"), strict};
  has_all();
  now += 13'500ms;
  aut.look(now);
  CHECK(aut.changes().stop.size() == slot_count);
  CHECK_EQUAL(aut.counts().cut_off, 1u);
}

TEST(at the end all is handed over and then the lease ended) {
  has_all();
  aut.drain();
  auto stopped = aut.changes().stop;
  CHECK(stopped.size() == slot_count);
  auto order = round(view({{member("a"), 1h}}, 0));
  CHECK(order.self.leaving);
  CHECK(!order.leave);
  for (auto slot : stopped)
    aut.over(slot);
  CHECK(!aut.drained());
  order = round(view({{member("a"), 1h}}));
  CHECK(order.release.size() == slot_count);
  CHECK(aut.drained());
  order = aut.next_order(now);
  CHECK(order.leave);
  CHECK(!order.prolong);
  CHECK_EQUAL(aut.counts().drained, slot_count);
}

TEST(one that leaves is given nothing) {
  has_all();
  auto leaving = member("b");
  leaving.leaving = true;
  round(view({{member("a"), 1h}, {leaving, 1h}}, 0));
  round(view({{member("a"), 1h}, {leaving, 1h}}, 0));
  CHECK(aut.changes().stop.empty());
}

TEST(what we had before is polled without an engine and asked for when it is there) {
  aut.adopt({3, 5}, now);
  CHECK(aut.changes().start == (std::vector<slot_number>{3, 5}));
  CHECK(aut.doubtful());
  round(view({{member("a"), 0s}, {member("b"), 1h}}));
  auto order = aut.next_order(now);
  CHECK(order.claim == (std::vector<slot_number>{3, 5}));
}

TEST(a newer layout keeps an older member out) {
  has_all();
  layout = layout_version + 1;
  round(view({{member("a"), 1h}}, 0));
  CHECK(aut.layout_differs());
  auto order = round(view({{member("a"), 1h}}, 0));
  CHECK(aut.changes().stop.size() == slot_count);
  CHECK(undone_for(undone_reason::layout) == slot_count);
  CHECK(order.claim.empty());
}

TEST(a newer member waits until older ones are gone and then makes its layout the fleets) {
  auto newer = member("a");
  newer.layout = layout_version + 1;
  aut = holding{newer, options};
  round(view({{newer, 1h}, {member("b"), 1h}}));
  auto order = round(view({{newer, 1h}}));
  CHECK(order.claim.empty());
  CHECK_EQUAL(order.layout, 0u);
  order = aut.next_order(now);
  CHECK_EQUAL(order.layout, layout_version + 1);
  CHECK(order.claim.size() == slot_count);
}

TEST(other words about itself are told at once) {
  has_all();
  CHECK(!round(view({{member("a"), 1h}}, 0)).prolong);
  auto other = member("a");
  other.fingerprint = "x";
  aut.describe(other);
  auto order = aut.next_order(now);
  CHECK(order.prolong);
  CHECK_EQUAL(order.self.fingerprint, "x");
}

FIXTURE_SCOPE_END()
