// What CLUSTER knows, for whoever asks: the console, the API, service discovery.
#pragma once

#include "actors/cluster/holding.hpp"
#include "messages/backend.hpp"

#include <caf/timespan.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A daemon that shares the fleet.
struct member_status {
  std::string id;
  std::string address;
  std::string version;
  double weight = 1;
  caf::timespan age{0}; ///< Of its lease, when the engine was last asked.
  bool self = false;
  bool settled = false; ///< It counts.
  bool leaving = false;
  bool agrees = true; ///< Configured as we are.
  uint64_t slots = 0;
  uint64_t backends = 0;
};

/// Everything at one moment.
struct cluster_status {
  std::string fleet;
  std::string self;
  double when = 0;             ///< Unix time, s.
  bool known = false;          ///< The engine has answered since the start.
  bool engine_answers = false; ///< ... and the last time that it was asked.
  std::string problem;         ///< Why not; or why we take no part.
  double lease_left = 0;       ///< s; negative: since when it may have ended.
  bool doubtful = false;
  bool draining = false;
  uint64_t slots_held = 0;
  uint64_t slots_ending = 0;
  uint64_t backends_held = 0;
  uint64_t backends = 0; ///< Of the whole fleet.
  std::vector<member_status> members{};
  std::vector<undone> undone_for{};
  holding_counts counts{};
};

using cluster_status_ptr = std::shared_ptr<const cluster_status>;

/// Who watches a backend of the fleet.
struct fleet_target {
  std::shared_ptr<const backend> value;         ///< Never null.
  std::shared_ptr<const std::string> address{}; ///< Its owner's page; never null.
};

using fleet_targets = std::vector<fleet_target>;
using fleet_targets_ptr = std::shared_ptr<const fleet_targets>;

/// Where CLUSTER leaves both. Any thread.
class cluster_cell {
public:
  /// Never null.
  [[nodiscard]] cluster_status_ptr status() const {
    return status_.load(std::memory_order_acquire);
  }

  /// Every backend of the fleet, in the order of their ids; null until the owner of each is known.
  [[nodiscard]] fleet_targets_ptr targets() const {
    return targets_.load(std::memory_order_acquire);
  }

  void set(cluster_status_ptr x) { status_.store(std::move(x), std::memory_order_release); }
  void set(fleet_targets_ptr x) { targets_.store(std::move(x), std::memory_order_release); }

private:
  std::atomic<cluster_status_ptr> status_{std::make_shared<const cluster_status>()};
  std::atomic<fleet_targets_ptr> targets_{fleet_targets_ptr{}};
};

} // namespace pgstatsmon
