// Members that come, die, are cut off and have wrong clocks share a fleet over a slow engine: what
// must hold at every step, and after quiet. The seed of a run is printed; PGSTATSMON_SEED repeats
// it.
#define SUITE cluster_simulation

#include "test/unit/test.hpp"

#include "actors/cluster/holding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

using namespace pgstatsmon;
using namespace std::chrono_literals;

namespace {

using time_point = holding::time_point;
using caf::timespan;

constexpr size_t backends = 50'000;
constexpr size_t most_members = 20;
constexpr timespan ttl = 15s;
constexpr timespan settle = 20s;
constexpr timespan interval = 10s;
constexpr timespan tick = 1s;
constexpr timespan order_limit = ttl / 3;

constexpr holding_options options{.ttl = ttl, .settle = settle, .interval = interval};

/// An engine that is always right, and knows the true time.
class fake_engine {
public:
  /// Carries out an order; one that comes late, too.
  engine_view_ptr run(const engine_order& x, time_point now) {
    expire(now);
    auto i = members_.find(x.self.id);
    if (x.prolong) {
      if (i == members_.end())
        i = members_.emplace(x.self.id, lease{x.self, ++last_lease_, now, now}).first;
      i->second.record = x.self;
      i->second.end = std::max(i->second.end, now + x.ttl);
    }
    if (i != members_.end()) {
      for (const auto& y : x.release)
        if (auto& z = owners_[y.slot]; z.fence == y.fence)
          z = {};
      for (auto slot : x.claim)
        if (owners_[slot].lease == 0)
          owners_[slot] = {i->second.number, ++last_fence_};
    }
    if (x.leave && i != members_.end())
      end(i);
    return view(x.self.id, now);
  }

private:
  struct lease {
    member_record record;
    uint64_t number = 0;
    time_point since;
    time_point end;
  };

  struct owner {
    uint64_t lease = 0; ///< 0: nobody.
    uint64_t fence = 0;
  };

  using lease_map = std::map<std::string, lease>;

  lease_map::iterator end(lease_map::iterator gone) {
    for (auto& x : owners_)
      if (x.lease == gone->second.number)
        x = {};
    return members_.erase(gone);
  }

  void expire(time_point now) {
    for (auto i = members_.begin(); i != members_.end();)
      i = i->second.end <= now ? end(i) : std::next(i);
  }

  engine_view_ptr view(const std::string& asks, time_point now) const {
    auto result = std::make_shared<engine_view>();
    result->layout = layout_version;
    result->held = members_.contains(asks);
    std::vector<int16_t> numbers(last_lease_ + 1, no_owner);
    for (const auto& [id, x] : members_) {
      numbers[x.number] = static_cast<int16_t>(result->members.size());
      result->members.push_back({.record = x.record, .age = now - x.since});
    }
    for (size_t i = 0; i < slot_count; ++i) {
      result->owners[i] = numbers[owners_[i].lease];
      result->fences[i] = owners_[i].fence;
    }
    return result;
  }

  lease_map members_;
  std::array<owner, slot_count> owners_;
  uint64_t last_lease_ = 0;
  uint64_t last_fence_ = 0;
};

/// What is under way to the engine or back from it, or a poll that ends.
struct event {
  time_point when;
  uint64_t number = 0;
  std::function<void()> happen;
};

bool later(const event& x, const event& y) {
  return x.when != y.when ? x.when > y.when : x.number > y.number;
}

/// A daemon: its holding, its clock and its way to the engine.
struct daemon_model {
  std::string id;
  double rate = 1;    ///< Of its clock.
  timespan offset{0}; ///< ... which is off by so much.
  holding slots;
  std::set<slot_number> polled; ///< Started, and not over.
  bool alive = true;
  bool cut_off = false;
  bool frozen = false; ///< Stopped by SIGSTOP: it polls nothing and sees nothing.
  bool leaves = false;
  uint64_t orders = 0;
  std::optional<time_point> waits_since; ///< For an answer; its own clock.
  time_point asked;

  time_point clock(time_point t) const {
    return t + offset + std::chrono::duration_cast<timespan>((t.time_since_epoch()) * (rate - 1));
  }
};

class simulation {
public:
  explicit simulation(uint64_t seed) : random_{seed}, now_{1h} {
    idle_since_.fill(now_);
    for (size_t i = 0; i < backends; ++i)
      ++sizes_[slot_of(fmt::format("{:06}@10.0.0.1:5432/app", i))];
    for (int i = 0; i < 3; ++i)
      come();
  }

  /// @returns what went wrong; empty: nothing.
  std::string run(size_t steps) {
    for (size_t i = 0; i < steps && fault_.empty(); ++i)
      step();
    return fault_;
  }

  /// Nothing happens any more for a while; the engine is quick again.
  std::string calm_down() {
    quiet_ = true;
    for (auto& x : daemons_)
      x->cut_off = x->frozen = false;
    auto end = now_ + 30min;
    while (now_ < end && fault_.empty())
      step();
    if (fault_.empty())
      check_shares();
    return fault_;
  }

  size_t joins = 0, deaths = 0, partitions = 0, freezes = 0, leaves = 0, doubles = 0, lost = 0;
  size_t answers_late = 0;

private:
  double chance() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  timespan between(timespan low, timespan high) {
    return low + std::chrono::duration_cast<timespan>((high - low) * chance());
  }

  void at(time_point when, std::function<void()> what) {
    events_.push_back({when, ++last_number_, std::move(what)});
    std::ranges::push_heap(events_, later);
  }

  void step() {
    std::ranges::pop_heap(events_, later);
    auto next = std::move(events_.back());
    events_.pop_back();
    now_ = std::max(now_, next.when);
    next.happen();
    if (!quiet_ && chance() < 0.002)
      disturb();
    if (++steps_ % 64 == 0)
      check();
  }

  void come() {
    auto x = std::make_shared<daemon_model>(
      daemon_model{.id = fmt::format("d{}", ++last_daemon_),
                   .rate = 1 + (chance() - 0.5) * 0.04,
                   .offset = between(-500s, 500s),
                   .slots = holding{{.id = fmt::format("d{}", last_daemon_),
                                     .weight = chance() < 0.8 ? 1.0 : 2.0,
                                     .layout = layout_version},
                                    options},
                   .polled = {},
                   .waits_since = {},
                   .asked = {}});
    daemons_.push_back(x);
    ++joins;
    at(now_ + between(0s, tick), [this, x] { tick_of(x); });
  }

  void disturb() {
    auto& x = daemons_[static_cast<size_t>(chance() * static_cast<double>(daemons_.size()))];
    auto what = chance();
    if (what < 0.25 && daemons_.size() < most_members) {
      come();
    } else if (what < 0.45 && daemons_.size() > 2) {
      ++deaths;
      x->alive = false;
      daemons_.erase(std::ranges::find(daemons_, x));
    } else if (what < 0.6 && daemons_.size() > 2) {
      ++leaves;
      x->leaves = true;
      x->slots.drain();
      follow(x);
    } else if (what < 0.75) {
      ++partitions;
      x->cut_off = true;
      at(now_ + between(1s, 60s), [x] { x->cut_off = false; });
    } else if (what < 0.85) {
      ++freezes;
      x->frozen = true;
      at(now_ + between(1s, 60s), [this, x] {
        x->frozen = false;
        x->slots.look(x->clock(now_));
      });
    } else {
      slow_until_ = now_ + between(1s, 60s);
    }
  }

  timespan way() {
    return now_ < slow_until_ && chance() < 0.3 ? between(0s, 8s) : between(0s, 20ms);
  }

  void tick_of(const std::shared_ptr<daemon_model>& x) {
    if (!x->alive)
      return;
    at(now_ + tick, [this, x] { tick_of(x); });
    if (x->frozen)
      return;
    x->slots.look(x->clock(now_));
    if (x->waits_since && x->clock(now_) - *x->waits_since > order_limit) {
      x->waits_since.reset();
      ++x->orders; // its answer is not heard any more
      x->slots.engine_failed();
      ++answers_late;
    }
    ask(x);
    follow(x);
  }

  void ask(const std::shared_ptr<daemon_model>& x) {
    if (x->waits_since || !x->alive)
      return;
    auto sent = x->clock(now_);
    auto order = x->slots.next_order(sent);
    x->waits_since = sent;
    auto number = ++x->orders;
    if (x->cut_off)
      return; // lost on its way
    at(now_ + way(), [this, x, order, number, sent] {
      auto view = engine_.run(order, now_);
      if (!x->cut_off)
        at(now_ + way(), [this, x, view, number, sent, left = order.leave] {
          answered(x, view, number, sent, left);
        });
    });
  }

  void answered(const std::shared_ptr<daemon_model>& x, const engine_view_ptr& view,
                uint64_t number, time_point sent, bool left) {
    if (!x->alive || number != x->orders)
      return;
    if (x->frozen) { // it lies in the socket
      at(now_ + 1s, [=, this] { answered(x, view, number, sent, left); });
      return;
    }
    x->waits_since.reset();
    if (left) {
      x->alive = false;
      std::erase(daemons_, x);
      return;
    }
    x->slots.take(view, sent, x->clock(now_));
    follow(x);
  }

  void follow(const std::shared_ptr<daemon_model>& x) {
    auto changes = x->slots.changes();
    for (auto slot : changes.start) {
      x->polled.insert(slot);
      check_alone(*x, slot);
    }
    for (auto slot : changes.stop)
      at(now_ + between(0s, 2s), [x, slot] {
        x->polled.erase(slot);
        x->slots.over(slot);
      });
  }

  /// Who has not reached its own deadline must be alone.
  bool is_sure(const daemon_model& x, slot_number slot) const {
    return x.alive && !x.frozen && x.slots.is_sure_of(slot, x.clock(now_));
  }

  void check_alone(const daemon_model& x, slot_number slot) {
    if (!is_sure(x, slot))
      return;
    for (const auto& y : daemons_)
      if (y.get() != &x && y->polled.contains(slot)) {
        if (is_sure(*y, slot))
          fault_ = fmt::format("slot {} is polled by {} and {}", slot, x.id, y->id);
        ++doubles;
      }
  }

  void check() {
    std::array<uint8_t, slot_count> polled{};
    std::array<uint8_t, slot_count> sure{};
    auto reachable = false;
    size_t lost_now = 0;
    for (const auto& x : daemons_) {
      auto is_reachable = !x->cut_off && !x->frozen && !x->leaves;
      reachable = reachable || is_reachable;
      for (auto slot : x->polled) {
        polled[slot] += x->frozen ? 0 : 1;
        sure[slot] += is_sure(*x, slot) ? 1 : 0;
      }
      lost_now += x->slots.counts().somebody_else;
      if (x->slots.counts().given > 0)
        check_bound(*x);
    }
    lost = std::max(lost, lost_now);
    if (!reachable || now_ < slow_until_ + order_limit)
      idle_since_.fill(now_);
    for (slot_number slot = 0; slot < slot_count; ++slot) {
      if (sure[slot] > 1)
        fault_ = fmt::format("slot {} is surely polled by {}", slot, sure[slot]);
      if (polled[slot] > 0)
        idle_since_[slot] = now_;
      // A member that has just taken it may die, be cut off or stopped, again and again.
      else if (now_ - idle_since_[slot] > longest_hole)
        fault_ = fmt::format("slot {} is nobody's for {} s", slot,
                             std::chrono::duration<double>(now_ - idle_since_[slot]).count());
    }
  }

  /// In an interval a member gives away no more than all may together.
  void check_bound(const daemon_model& x) {
    auto& [since, given] = given_[x.id];
    if (auto more = x.slots.counts().given - given;
        more > 2 * slot_count / 20 && now_ - since < interval)
      fault_ = fmt::format("{} gave {} slots within an interval", x.id, more);
    if (now_ - since >= interval) {
      since = now_;
      given = x.slots.counts().given;
    }
  }

  void check_shares() {
    double weights = 0;
    for (const auto& x : daemons_)
      weights += x->slots.self().weight;
    for (const auto& x : daemons_) {
      size_t has = 0;
      for (auto slot : x->polled)
        has += sizes_[slot];
      auto should = backends * x->slots.self().weight / weights;
      if (std::abs(static_cast<double>(has) - should) > should / 10)
        fault_ = fmt::format("{} has {} backends of {:.0f}", x->id, has, should);
      if (x->slots.doubtful())
        fault_ = x->id + " is doubtful after quiet";
    }
    std::array<int, slot_count> polled{};
    for (const auto& x : daemons_)
      for (auto slot : x->polled)
        ++polled[slot];
    if (std::ranges::any_of(polled, [](int n) { return n != 1; }))
      fault_ = "not every slot is polled once after quiet";
  }

  /// A lease that ends, and again those of members that took what was free and were lost, too.
  static constexpr timespan longest_hole = 5 * ttl;

  std::mt19937_64 random_;
  time_point now_;
  fake_engine engine_;
  std::vector<event> events_;
  std::vector<std::shared_ptr<daemon_model>> daemons_;
  std::array<size_t, slot_count> sizes_{};
  std::array<time_point, slot_count> idle_since_{};
  std::map<std::string, std::pair<time_point, uint64_t>> given_;
  uint64_t last_number_ = 0;
  size_t last_daemon_ = 0;
  size_t steps_ = 0;
  time_point slow_until_;
  bool quiet_ = false;
  std::string fault_;
};

/// Sanitizers make a step cost ten times as much.
#ifdef __SANITIZE_ADDRESS__
constexpr size_t steps = 15'000;
#else
constexpr size_t steps = 100'000;
#endif

uint64_t seed_of_run() {
  if (const auto* given = std::getenv("PGSTATSMON_SEED"))
    return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

} // namespace

TEST(joins and deaths and partitions and a slow engine and wrong clocks) {
  auto seed = seed_of_run();
  CAF_MESSAGE("PGSTATSMON_SEED=" << seed);
  simulation all{seed};
  auto fault = all.run(steps);
  CAF_MESSAGE(fmt::format("{} joins, {} deaths, {} leaves, {} partitions, {} freezes, {} double "
                          "polls in doubt, {} slots lost, {} answers too late",
                          all.joins, all.deaths, all.leaves, all.partitions, all.freezes,
                          all.doubles, all.lost, all.answers_late));
  if (fault.empty())
    fault = all.calm_down();
  if (!fault.empty())
    CAF_FAIL(fmt::format("PGSTATSMON_SEED={}: {}", seed, fault));
  CHECK(all.joins + all.deaths + all.leaves + all.partitions + all.freezes > steps / 1000);
}
