// What Patroni says of a cluster: plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A member of a cluster, as it describes itself.
struct patroni_member {
  std::string name;
  std::string address; ///< Host name or literal address; empty: it says none that we understand.
  uint16_t port = 0;   ///< 0: it says none.
  std::string state;   ///< `running`, `streaming`, `stopped`, `creating replica`, ...
  bool leader = false;
  uint32_t timeline = 0; ///< 0: it does not say.
  bool pending_restart = false;

  friend bool operator==(const patroni_member&, const patroni_member&) = default;
};

/// A cluster: what Patroni calls a scope.
struct patroni_cluster {
  std::string scope;
  std::vector<patroni_member> members; ///< In the order of their names.
  bool paused = false;
  bool failsafe = false; ///< failsafe_mode is on.
  bool leader = false;   ///< Somebody has the leader's lock, whether a member is known or not.
  double seen = 0;       ///< Unix time when the DCS was last seen; 0: not known.

  friend bool operator==(const patroni_cluster&, const patroni_cluster&) = default;
};

} // namespace pgstatsmon
