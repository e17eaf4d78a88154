// The REGISTRY: entries by incarnation, each with a block that is swapped atomically.
#include "actors/registry/registry.hpp"

#include "config/settings.hpp"

#include <utility>

namespace pgstatsmon {

namespace {

constexpr caf::timespan sweep_interval = std::chrono::seconds{1};

} // namespace

void registry_state::add(backend_known& x) {
  auto [i, added] = records.try_emplace(x.life);
  if (!added)
    return;
  i->second.shown = std::make_shared<entry>(std::move(x.value), x.life, std::move(x.metrics));
  change();
}

void registry_state::forget(const backend_forgotten& x) {
  auto i = records.find(x.life);
  if (i == records.end())
    return;
  watch(i->second, nullptr);
  records.erase(i);
  change();
}

// Thousands that come or go at once make a few lists and not one each: this message waits behind
// theirs.
void registry_state::change() {
  if (!std::exchange(changing, true))
    self->send(self, caf::publish_atom_v);
}

void registry_state::publish() {
  changing = false;
  auto list = std::make_shared<entry_list>();
  list->reserve(records.size());
  for (const auto& [life, x] : records)
    list->push_back(x.shown);
  cell->set(std::move(list));
}

void registry_state::replace_block(backend_samples& x) {
  auto i = records.find(x.life);
  if (i == records.end())
    return; // sent before its backend was forgotten
  watch(i->second, caf::actor_cast<caf::actor_addr>(self->current_sender()));
  i->second.received = self->clock().now();
  i->second.shown->samples.store(std::move(x.samples), std::memory_order_release);
}

void registry_state::replace_database(database_samples& x) {
  auto i = records.find(x.life);
  if (i == records.end())
    return;
  auto& all = i->second.databases;
  if (x.samples == nullptr)
    all.erase(x.database);
  else
    all.insert_or_assign(std::move(x.database), std::move(x.samples));
  show_databases(i->second);
}

void registry_state::show_databases(const record& x) {
  auto list = std::make_shared<block_list>();
  list->reserve(x.databases.size());
  for (const auto& each : x.databases)
    list->push_back(each.second);
  x.shown->databases.store(list->empty() ? nullptr : std::move(list), std::memory_order_release);
}

void registry_state::drop_blocks(record& x) {
  x.shown->samples.store(nullptr, std::memory_order_release);
  if (std::exchange(x.databases, {}).empty())
    return;
  show_databases(x);
}

void registry_state::drop_blocks_of(const caf::actor_addr& source) {
  for (auto& [life, x] : records)
    if (x.source == source) {
      x.source = nullptr;
      drop_blocks(x);
    }
}

void registry_state::drop_stale_blocks() {
  auto oldest = self->clock().now() - stale_after;
  for (auto& [life, x] : records)
    if (x.received < oldest)
      drop_blocks(x);
}

// One monitor for each QUERY: it sends many blocks.
void registry_state::watch(record& x, const caf::actor_addr& source) {
  if (x.source == source)
    return;
  if (x.source)
    self->demonitor(x.source);
  x.source = source;
  if (x.source)
    self->monitor(x.source);
}

registry_actor::behavior_type registry(observed_ptr<registry_actor, registry_state> self,
                                       std::shared_ptr<snapshot_cell> cell,
                                       caf::timespan stale_after) {
  self->state.cell = std::move(cell);
  self->state.stale_after = stale_after;
  self->set_down_handler([self](const caf::down_msg& x) { self->state.drop_blocks_of(x.source); });
  self->delayed_send(self, sweep_interval, caf::tick_atom_v);
  return {
    [self](backend_known& x) { self->state.add(x); },
    [self](backend_forgotten& x) { self->state.forget(x); },
    [self](backend_samples& x) { self->state.replace_block(x); },
    [self](database_samples& x) { self->state.replace_database(x); },
    [self](const reconfigured& x) { self->state.stale_after = x.value->stale_after; },
    [self](caf::publish_atom) { self->state.publish(); },
    [self](caf::tick_atom) {
      self->delayed_send(self, sweep_interval, caf::tick_atom_v);
      self->state.drop_stale_blocks();
    },
  };
}

} // namespace pgstatsmon
