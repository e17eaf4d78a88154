// Where the console looks: what every thread may read without asking an actor.
#pragma once

#include "actors/actor_directory.hpp"
#include "actors/cluster/cluster_status.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "actors/registry/heartbeat.hpp"
#include "actors/registry/snapshot.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace pgstatsmon {

/// All shared; any thread may use them.
struct console_sources {
  std::shared_ptr<const actor_directory> actors;
  std::shared_ptr<const snapshot_cell> backends;
  std::function<catalogue_ptr()> queries; ///< The catalogue in force.
  std::shared_ptr<const heartbeat> pulse;
  std::shared_ptr<const fleet_cell> fleet = std::make_shared<const fleet_cell>();
  std::shared_ptr<const cluster_cell> sharing{}; ///< Null: the fleet is ours alone.
};

/// The moment of a look, on both clocks: ages of what has a time of day, and of what has not.
struct look_time {
  std::chrono::steady_clock::time_point steady;
  double unix_seconds = 0;

  static look_time now() {
    using namespace std::chrono;
    return {steady_clock::now(), duration<double>{system_clock::now().time_since_epoch()}.count()};
  }

  /// How long ago a time of day was; never negative.
  [[nodiscard]] caf::timespan since(double when) const {
    return caf::timespan{static_cast<int64_t>(std::max(unix_seconds - when, 0.0) * 1e9)};
  }

  /// How long ago it was; never negative.
  [[nodiscard]] caf::timespan since(std::chrono::steady_clock::time_point when) const {
    return std::max(steady - when, caf::timespan{0});
  }
};

} // namespace pgstatsmon
