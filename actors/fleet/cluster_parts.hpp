// What the parts of the cluster's model share: what servers and their standbys are called.
#pragma once

#include "actors/fleet/attachment.hpp"
#include "actors/fleet/seen_backend.hpp"

#include <string>
#include <vector>

namespace pgstatsmon {

/// Whether a server takes writes, by its own word of now.
bool is_writable(const seen_server& x);

/// What a standby is called that is not watched.
std::string name_of(const wal_client& x);

/// What a sender says of a client, for people.
std::string words_of(const wal_client& x);

/// How a standby is attached, for people; empty for a primary and for one that does not answer.
/// @param client What its sender says of it; may be null.
std::string words_of(const seen_server& x, const attachment& how, const wal_client* client);

/// What the sender of a standby says of it; null when it says nothing.
const wal_client* client_of(const std::vector<seen_server>& servers, const attachment& how);

} // namespace pgstatsmon
