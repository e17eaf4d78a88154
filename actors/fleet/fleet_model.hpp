// All clusters of the fleet, and the roles of all servers. Pure.
#pragma once

#include "actors/fleet/cluster_model.hpp"
#include "actors/fleet/fleet_view.hpp"
#include "actors/fleet/seen_backend.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Sorts backends into clusters. A cluster is looked at only when one of its backends has news, so
/// that a look at a quiet fleet costs a comparison for each.
class fleet_model {
public:
  /// @param all Every backend that has a report, in the order of discovery.
  /// @param unix_now Unix time, s.
  /// @returns whether anything may have changed.
  bool look(const std::vector<seen_backend>& all, double unix_now);

  /// What follows from the newest look; never null.
  [[nodiscard]] const fleet_view_ptr& view() const noexcept { return view_; }

private:
  struct cluster {
    std::vector<seen_backend> seen; ///< At the newest look.
    cluster_model model;
    std::vector<seen_server> servers{};
    size_t alike = 0;     ///< Of `seen`, how many the look under way has found again.
    bool differs = false; ///< It has found something else.
  };

  bool compare(const std::vector<seen_backend>& all);
  void look_at(cluster& x, std::vector<seen_backend> now, double unix_now);
  void note_roles(const cluster& x, double unix_now);
  void make_view();

  std::map<std::string, cluster, std::less<>> clusters_; ///< By system identifier.
  std::map<incarnation, role_history> roles_;
  fleet_view_ptr view_ = std::make_shared<const fleet_view>();
};

} // namespace pgstatsmon
