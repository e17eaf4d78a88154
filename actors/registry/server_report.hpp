// What a server says of its place in its cluster: written by CONNECTION, read by FLEET.
#pragma once

#include <caf/actor_clock.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Which server this is: asked once a connection, or with each poll behind a pooler.
struct server_identity {
  std::string system;       ///< The system identifier, a decimal number; empty: it does not say.
  int64_t started = 0;      ///< When its postmaster was started, Unix time, us.
  std::string address;      ///< Its own, as it knows it; empty for a Unix socket.
  uint16_t port = 0;        ///< The same.
  std::string cluster_name; ///< The setting.
  uint32_t timeline = 0;    ///< Of its last checkpoint.
  bool streams = true;      ///< False when primary_conninfo is known to be empty.

  friend bool operator==(const server_identity&, const server_identity&) = default;
};

using identity_ptr = std::shared_ptr<const server_identity>;

/// A standby's WAL receiver.
struct wal_receiver {
  std::string status; ///< `streaming`; empty: the role may not see it, nor what follows.
  std::string host;   ///< Of its sender, as the standby calls it.
  uint16_t port = 0;
  std::string slot;        ///< Empty: none.
  std::string application; ///< The name that it has at its sender; empty: not known.
  uint32_t timeline = 0;   ///< Of what was received.
  double message_age = 0;  ///< Since it heard from its sender, s.
};

/// A client of a server's WAL.
struct wal_client {
  std::string application;          ///< Empty: the role may not see it, nor what follows.
  std::string address;              ///< Empty for a Unix socket.
  std::string slot;                 ///< Empty: none.
  std::string state;                ///< `streaming`
  std::string sync;                 ///< `async`, `sync`, ...
  std::optional<uint64_t> replayed; ///< Only of what replays.
};

/// One poll's.
struct server_report {
  caf::actor_clock::time_point when; ///< It came.
  identity_ptr identity;             ///< Never null.
  std::string reached_at;            ///< The literal address that answered.
  bool standby = false;
  std::optional<uint64_t> position; ///< Flushed on a primary, replayed on a standby, bytes.
  uint32_t timeline = 0;            ///< 0: not known.
  std::optional<double> replay_age; ///< Of the last transaction replayed, s.
  std::optional<wal_receiver> receiver;
  std::vector<wal_client> clients; ///< At most `max_clients`.

  static constexpr size_t max_clients = 64;
};

using report_ptr = std::shared_ptr<const server_report>;

} // namespace pgstatsmon
