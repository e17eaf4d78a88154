// The FLEET joins what the backends say of their servers' places: clusters, roles, lag.
#pragma once

#include "actors/fleet/fleet_model.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/snapshot.hpp"

#include <caf/timespan.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

namespace pgstatsmon {

/// What the FLEET works with.
struct fleet_arguments {
  std::shared_ptr<const snapshot_cell> backends;
  std::shared_ptr<fleet_cell> view; ///< Where the newest view goes.
  settings_ptr options;
  std::function<double()> unix_time; ///< Seconds.
};

/// It is told nothing and asks nobody: CONNECTIONs leave a report with each poll, and it looks for
/// new ones. So a poll costs no message, and whatever FLEET does no poll waits for it.
struct fleet_state {
  static constexpr const char* name = "fleet";

  explicit fleet_state(fleet_actor::pointer actor) : self{actor} {}

  void look();
  [[nodiscard]] caf::timespan look_interval() const;

  fleet_actor::pointer self;
  fleet_arguments arguments;
  fleet_model model;
};

fleet_actor::behavior_type fleet(observed_ptr<fleet_actor, fleet_state> self,
                                 fleet_arguments arguments);

} // namespace pgstatsmon
