// The FLEET: a look at every report, half an interval after the last look.
#include "actors/fleet/fleet.hpp"

#include "config/settings.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pgstatsmon {

namespace {

constexpr caf::timespan longest = std::chrono::seconds{1};
constexpr caf::timespan shortest = std::chrono::milliseconds{50};

} // namespace

caf::timespan fleet_state::look_interval() const {
  return std::clamp<caf::timespan>(arguments.options->interval / 2, shortest, longest);
}

void fleet_state::look() {
  auto all = arguments.backends->get(); // keeps the backends that the model looks at
  auto oldest = self->clock().now() - arguments.options->stale_after;
  std::vector<seen_backend> seen;
  seen.reserve(all->size());
  for (const auto& x : *all)
    if (auto report = x->metrics->report.load(std::memory_order_acquire))
      seen.push_back({.life = x->life,
                      .value = &x->value,
                      .fresh = x->up() && report->when >= oldest,
                      .report = std::move(report)});
  if (model.look(seen, arguments.unix_time()))
    arguments.view->set(model.view());
}

fleet_actor::behavior_type fleet(observed_ptr<fleet_actor, fleet_state> self,
                                 fleet_arguments arguments) {
  self->state.arguments = std::move(arguments);
  self->delayed_send(self, self->state.look_interval(), caf::tick_atom_v);
  return {
    [self](const reconfigured& x) { self->state.arguments.options = x.value; },
    [self](caf::tick_atom) {
      self->delayed_send(self, self->state.look_interval(), caf::tick_atom_v);
      self->state.look();
    },
  };
}

} // namespace pgstatsmon
