// The REGISTRY: entries by incarnation, each with a block that is swapped atomically.
#include "actors/registry/registry.hpp"

#include "config/settings.hpp"

#include <utility>

namespace pgstatsmon {

namespace {

constexpr caf::timespan sweep_interval = std::chrono::seconds{1};

} // namespace

void registry_state::add(backend_known& known) {
  auto& kept = records[known.life];
  auto fresh =
    std::make_shared<entry>(std::move(known.value), known.life, std::move(known.metrics));
  // Described otherwise: who makes a page right now has the old one.
  if (kept.shown)
    fresh->take_blocks_of(*kept.shown);
  kept.shown = std::move(fresh);
  cell->add(kept.shown);
}

void registry_state::forget(const backend_forgotten& forgotten) {
  auto i = records.find(forgotten.life);
  if (i == records.end())
    return;
  watch(forgotten.life, i->second, nullptr);
  records.erase(i);
  cell->remove(forgotten.life);
}

void registry_state::replace_block(backend_samples& fresh) {
  auto i = records.find(fresh.life);
  if (i == records.end())
    return; // sent before its backend was forgotten
  watch(fresh.life, i->second, caf::actor_cast<caf::actor_addr>(self->current_sender()));
  i->second.received = self->clock().now();
  auto& shown = *i->second.shown;
  shown.metrics->vitals.make().add(fresh.vitals);
  shown.samples.store(std::move(fresh.samples), std::memory_order_release);
  shown.answered.store(true, std::memory_order_release);
}

void registry_state::replace_database(database_samples& fresh) {
  auto i = records.find(fresh.life);
  if (i == records.end())
    return;
  auto& all = i->second.databases;
  if (fresh.samples == nullptr)
    all.erase(fresh.database);
  else
    all.insert_or_assign(std::move(fresh.database), std::move(fresh.samples));
  show_databases(i->second);
}

void registry_state::show_databases(const record& kept) {
  auto list = std::make_shared<block_list>();
  list->reserve(kept.databases.size());
  for (const auto& each : kept.databases)
    list->push_back(each.second);
  kept.shown->databases.store(list->empty() ? nullptr : std::move(list), std::memory_order_release);
}

void registry_state::drop_blocks(record& kept) {
  kept.shown->samples.store(nullptr, std::memory_order_release);
  if (std::exchange(kept.databases, {}).empty())
    return;
  show_databases(kept);
}

void registry_state::drop_blocks_of(const caf::actor_addr& source) {
  auto ended = sources.extract(source);
  if (!ended)
    return;
  auto& kept = records.at(ended.mapped());
  kept.source = nullptr;
  drop_blocks(kept);
}

void registry_state::drop_stale_blocks() {
  auto oldest = self->clock().now() - stale_after;
  for (auto& [life, kept] : records)
    if (kept.received < oldest)
      drop_blocks(kept);
}

void registry_state::look_at_backends() {
  auto now = self->clock().now();
  for (auto& [life, kept] : records)
    if (auto* vitals = kept.shown->metrics->vitals.get())
      vitals->look(now, kept.shown->up());
}

// One monitor for each CONNECTION: it sends many blocks, and only those of its backend.
void registry_state::watch(incarnation life, record& kept, const caf::actor_addr& source) {
  if (kept.source == source)
    return;
  if (kept.source) {
    self->demonitor(kept.source);
    sources.erase(kept.source);
  }
  kept.source = source;
  if (!kept.source)
    return;
  self->monitor(kept.source);
  sources.insert_or_assign(kept.source, life);
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
    [self](caf::tick_atom) {
      self->delayed_send(self, sweep_interval, caf::tick_atom_v);
      self->state.drop_stale_blocks();
      self->state.look_at_backends();
    },
  };
}

} // namespace pgstatsmon
