// Which standby follows which server: what standbys say of their senders, and senders of theirs.
#pragma once

#include "actors/fleet/seen_backend.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// A client of a server's WAL, by place.
struct client_place {
  size_t server = 0; ///< Index into the servers.
  size_t client = 0; ///< Index into server_report::clients.

  friend bool operator==(const client_place&, const client_place&) = default;
};

/// What is known of one server's stream.
struct attachment {
  std::optional<size_t> upstream{};     ///< The server that it follows, where it is watched.
  std::string upstream_address{};       ///< What the standby calls its sender, `host:port`.
  std::optional<client_place> client{}; ///< What its sender says of it.
  bool receives = false; ///< By its own word it streams, and has heard from its sender.
};

/// All that can be said of one cluster.
struct attachments {
  std::vector<attachment> of;          ///< By server.
  std::vector<client_place> unwatched; ///< Standbys that are none of the servers.
};

/// Matches what both sides say: addresses, slots and names. Only fresh senders are believed; a
/// standby that is down, or sees nothing, is found by what its sender says.
attachments attach(const std::vector<seen_server>& servers);

} // namespace pgstatsmon
