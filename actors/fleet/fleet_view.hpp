// What FLEET knows: clusters with their members. Immutable; any thread may read it.
#pragma once

#include "messages/backend.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// One server of a cluster: watched, or a standby that only its sender tells of.
struct member_view {
  std::string name{};    ///< Of its first backend; else what its sender calls it.
  std::string backend{}; ///< Its first backend; else its sender's, empty when that is gone.
  incarnation life = 0;  ///< Of `backend`; 0: it is gone.
  std::vector<std::string>
    entries{};           ///< Its backends, in the order of discovery; none: not watched.
  bool fresh = false;    ///< What it says is new.
  bool standby = false;  ///< Else it takes writes, or did when it was seen last.
  uint32_t timeline = 0; ///< 0: not known.
  std::optional<uint64_t> position{}; ///< In the WAL, bytes.
  std::string upstream{}; ///< A member's name, or `host:port`; of one that is lost, the last one.
  bool follows_member = false;    ///< `upstream` is a member's name.
  std::optional<bool> attached{}; ///< Of a standby: WAL reaches it; nothing: it can't be known.
  std::string how{};              ///< For people: state, sync_state, slot.
  std::optional<double> lag{};    ///< How long ago its primary was where it is, s.
  bool lag_is_bound = false;      ///< It began before the first look.
  bool diverged = false;          ///< It has WAL that the cluster's primary has not.
  double last_attached = 0;       ///< Unix time, s; 0: not since the start.
};

/// All servers with one system identifier.
struct cluster_view {
  std::string system;               ///< The system identifier.
  std::string name;                 ///< cluster_name, where all that set it agree; else empty.
  std::vector<member_view> members; ///< Watched ones in the order of discovery, then the others.
  size_t writable = 0;              ///< Servers that take writes now.
  double writable_seen = 0;         ///< When one did last, Unix time, s; 0: not since the start.
  label_list labels;                ///< Static labels that all its backends share.
};

using cluster_ptr = std::shared_ptr<const cluster_view>;

/// How often a backend's server was found to have another role.
struct role_history {
  std::optional<bool> standby{}; ///< Its last known one.
  uint64_t changes = 0;
  double last_change = 0; ///< Unix time, s; 0: there was none.
};

/// Everything.
struct fleet_view {
  std::vector<cluster_ptr> clusters;          ///< By system identifier.
  std::map<incarnation, role_history> roles;  ///< Of the first backend of each server.
  std::map<incarnation, std::string> same_as; ///< Further backends of a server, and its first one.

  /// The cluster and the member that a backend is of; nulls when that is not known.
  struct found {
    const cluster_view* cluster = nullptr;
    const member_view* member = nullptr;
  };
  [[nodiscard]] found find(const std::string& backend) const;
};

using fleet_view_ptr = std::shared_ptr<const fleet_view>;

/// Where FLEET puts its newest view; never null.
class fleet_cell {
public:
  [[nodiscard]] fleet_view_ptr get() const { return view_.load(std::memory_order_acquire); }
  void set(fleet_view_ptr x) { view_.store(std::move(x), std::memory_order_release); }

private:
  std::atomic<fleet_view_ptr> view_{std::make_shared<const fleet_view>()};
};

} // namespace pgstatsmon
