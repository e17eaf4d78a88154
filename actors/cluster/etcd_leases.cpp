// An order's way through etcd.
#include "actors/cluster/etcd_leases.hpp"

#include "actors/cluster/member_text.hpp"
#include "actors/cluster/slots.hpp"
#include "messages/error.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

/// How long a range is believed that no watch has called old.
constexpr caf::timespan longest_belief = 30s;

/// Of who was there when we first looked: longer than anything settles.
constexpr caf::timespan long_ago = 1h;

constexpr std::string_view members = "members/";
constexpr std::string_view owners = "owners/";
constexpr std::string_view layout = "layout";

std::string owner_key(const std::string& prefix, uint16_t slot) {
  return fmt::format("{}{}{:04}", prefix, owners, slot);
}

template <class T>
std::optional<T> number_in(std::string_view text) {
  T result{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{result}
                                                                  : std::nullopt;
}

} // namespace

void etcd_leases_state::open(etcd_leases_arguments arguments) {
  arguments_ = std::move(arguments);
  watch_ = arguments_.etcd->watch(arguments_.prefix, {},
                                  [self = etcd_leases_actor{self_}.address(), this] {
                                    if (auto alive = caf::actor_cast<etcd_leases_actor>(self))
                                      caf::anon_send(alive, etcd_news{[this] { changed(); }});
                                  });
}

// The actor is who runs it, so it lives.
void etcd_leases_state::changed() {
  stale_ = true;
  if (arguments_.listener)
    self_->send(arguments_.listener, caf::update_atom_v);
}

template <class T>
etcd_done<T> etcd_leases_state::then(std::function<void(T&)> next) {
  return [this, next = std::move(next), number = number_,
          self = caf::actor_cast<caf::actor_addr>(etcd_leases_actor{self_})](etcd_result<T> x) {
    auto alive = caf::actor_cast<etcd_leases_actor>(self);
    if (!alive)
      return;
    auto result = std::make_shared<etcd_result<T>>(std::move(x));
    caf::anon_send(alive, etcd_news{[this, next, number, result] {
                     if (!order_ || number != number_)
                       return;
                     if (const auto* problem = std::get_if<etcd_problem>(result.get()))
                       failed(*problem);
                     else
                       next(std::get<T>(*result));
                   }});
  };
}

caf::result<engine_answer> etcd_leases_state::carry_out(const engine_order& order) {
  promise_ = self_->make_response_promise<engine_answer>();
  auto promise = promise_;
  // Whoever asks anew has given the last one up; its callbacks are of another number.
  order_ = order;
  ++number_;
  hold();
  return promise;
}

void etcd_leases_state::hold() {
  if (order_->leave) {
    leave();
  } else if (lease_ == 0) {
    grant();
  } else if (order_->prolong) {
    arguments_.etcd->keepalive(
      lease_, [this, done = then<etcd_lease>([this](etcd_lease&) { announce(); }), number = number_,
               self = caf::actor_cast<caf::actor_addr>(etcd_leases_actor{self_})](
                etcd_result<etcd_lease> x) {
        const auto* problem = std::get_if<etcd_problem>(&x);
        if (problem == nullptr || problem->reason != etcd_failure::lost) {
          done(std::move(x));
          return;
        }
        if (auto alive = caf::actor_cast<etcd_leases_actor>(self))
          caf::anon_send(alive, etcd_news{[this, number] {
                           lease_ = 0;
                           if (order_ && number == number_)
                             grant();
                         }});
      });
  } else {
    announce();
  }
}

void etcd_leases_state::grant() {
  stale_ = true;
  told_.clear();
  auto ttl = std::chrono::duration_cast<std::chrono::seconds>(order_->ttl);
  arguments_.etcd->grant(
    ttl, then<etcd_lease>([this](etcd_lease& x) {
      lease_ = x.id;
      granted_ = self_->clock().now();
      auto text = to_text(order_->self);
      auto key = fmt::format("{}{}{}", arguments_.prefix, members, order_->self.id);
      arguments_.etcd->create({{key, text, lease_}}, then<std::vector<etcd_created>>(
                                                       [this, text](std::vector<etcd_created>& xs) {
                                                         // If it is there, the range tells whose it
                                                         // is, and it ends.
                                                         if (xs.front().made)
                                                           told_ = text;
                                                         announce();
                                                       }));
    }));
}

// A key that is another's is left alone: who has no key of its own on its lease holds nothing.
void etcd_leases_state::announce() {
  auto text = to_text(order_->self);
  auto key = fmt::format("{}{}{}", arguments_.prefix, members, order_->self.id);
  if (told_.empty()) {
    arguments_.etcd->create({{key, text, lease_}}, then<std::vector<etcd_created>>(
                                                     [this, text](std::vector<etcd_created>& xs) {
                                                       stale_ = true;
                                                       if (xs.front().made)
                                                         told_ = text;
                                                       release(0);
                                                     }));
    return;
  }
  if (told_ == text) {
    release(0);
    return;
  }
  stale_ = true;
  arguments_.etcd->put({key, text, lease_}, then<etcd_written>([this, text](etcd_written&) {
                         told_ = text;
                         release(0);
                       }));
}

void etcd_leases_state::release(size_t from) {
  const auto& all = order_->release;
  if (from >= all.size()) {
    claim(0);
    return;
  }
  stale_ = true;
  auto to = std::min(all.size(), from + etcd_max_batch);
  std::vector<etcd_remove> xs;
  // Nobody writes such a key twice, so it is still as it was made.
  for (size_t i = from; i < to; ++i)
    xs.push_back({owner_key(arguments_.prefix, all[i].slot), static_cast<int64_t>(all[i].fence)});
  arguments_.etcd->remove(
    std::move(xs),
    then<std::vector<etcd_removed>>([this, to](std::vector<etcd_removed>&) { release(to); }));
}

void etcd_leases_state::claim(size_t from) {
  const auto& all = order_->claim;
  if (from >= all.size() || told_.empty()) {
    raise_layout();
    return;
  }
  stale_ = true;
  auto to = std::min(all.size(), from + etcd_max_batch);
  std::vector<etcd_create> xs;
  for (size_t i = from; i < to; ++i)
    xs.push_back({owner_key(arguments_.prefix, all[i]), order_->self.id, lease_});
  arguments_.etcd->create(std::move(xs), then<std::vector<etcd_created>>(
                                           [this, to](std::vector<etcd_created>&) { claim(to); }));
}

void etcd_leases_state::raise_layout() {
  if (order_->layout == 0 || view_ == nullptr || view_->layout >= order_->layout) {
    look();
    return;
  }
  stale_ = true;
  arguments_.etcd->put(
    {fmt::format("{}{}", arguments_.prefix, layout), std::to_string(order_->layout), 0},
    then<etcd_written>([this](etcd_written&) { look(); }));
}

void etcd_leases_state::leave() {
  stale_ = true;
  if (lease_ == 0) {
    look();
    return;
  }
  arguments_.etcd->revoke(lease_, then<etcd_revoked>([this](etcd_revoked&) {
                            lease_ = 0;
                            told_.clear();
                            look();
                          }));
}

void etcd_leases_state::look() {
  auto now = self_->clock().now();
  if (!stale_ && view_ != nullptr && now - read_at_ < longest_belief) {
    deliver();
    return;
  }
  stale_ = false;
  arguments_.etcd->range(arguments_.prefix, then<etcd_range>([this](etcd_range& x) {
                           read(x);
                           deliver();
                         }));
}

caf::timespan etcd_leases_state::age_of(const std::string& id, int64_t lease, bool first) {
  auto now = self_->clock().now();
  if (lease == lease_)
    return now - granted_;
  auto [i, is_new] = seen_since_.try_emplace({id, lease}, first ? now - long_ago : now);
  return now - i->second;
}

void etcd_leases_state::read(const etcd_range& x) {
  auto result = std::make_shared<engine_view>();
  auto first = view_ == nullptr;
  std::map<std::string, std::pair<int16_t, int64_t>, std::less<>> numbers; // and leases
  decltype(seen_since_) still;
  auto below = [&](const etcd_key& key, std::string_view part) {
    return std::string_view{key.key}.substr(arguments_.prefix.size()).starts_with(part);
  };
  auto rest = [&](const etcd_key& key, std::string_view part) {
    return std::string_view{key.key}.substr(arguments_.prefix.size() + part.size());
  };
  for (const auto& key : x.keys) {
    if (below(key, layout))
      result->layout = number_in<uint32_t>(key.value).value_or(0);
    if (!below(key, members) || key.lease == 0)
      continue;
    auto record = parse_member(key.value);
    if (!record || record->id != rest(key, members))
      continue;
    if (record->id == order_->self.id) {
      result->held = key.lease == lease_ && record->life == order_->self.life;
      result->taken = record->life != order_->self.life;
    }
    auto age = age_of(record->id, key.lease, first);
    if (auto i = seen_since_.find({record->id, key.lease}); i != seen_since_.end())
      still.insert(*i);
    numbers[record->id] = {static_cast<int16_t>(result->members.size()), key.lease};
    result->members.push_back({std::move(*record), age});
  }
  result->owners.fill(-1);
  for (const auto& key : x.keys) {
    if (!below(key, owners))
      continue;
    auto slot = number_in<uint32_t>(rest(key, owners));
    auto owner = numbers.find(key.value);
    if (!slot || *slot >= slot_count || owner == numbers.end() || owner->second.second != key.lease)
      continue;
    result->owners[*slot] = owner->second.first;
    result->fences[*slot] = static_cast<uint64_t>(key.create_revision);
  }
  seen_since_ = std::move(still);
  read_at_ = self_->clock().now();
  view_ = std::move(result);
}

void etcd_leases_state::deliver() {
  order_.reset();
  promise_.deliver(engine_answer{view_});
}

void etcd_leases_state::failed(const etcd_problem& x) {
  if (x.reason == etcd_failure::lost)
    lease_ = 0;
  // What was written is not known.
  stale_ = true;
  order_.reset();
  promise_.deliver(caf::make_error(ec::cluster_failed, x.what));
}

etcd_leases_actor::behavior_type
etcd_leases(observed_ptr<etcd_leases_actor, etcd_leases_state> self,
            etcd_leases_arguments arguments) {
  self->state.open(std::move(arguments));
  return {
    [self](const engine_order& x) { return self->state.carry_out(x); },
    [](const etcd_news& x) { x.happen(); },
  };
}

} // namespace pgstatsmon
