// Which daemon of several watches which backend. Pure.
#pragma once

#include "config/settings.hpp"
#include "messages/backend.hpp"

#include <cstdint>
#include <string_view>

namespace pgstatsmon {

/// The shard that a backend belongs to, by rendezvous hashing: each shard has a hash for each
/// identity, and the largest wins. So all daemons agree without a word, and when one more shares
/// the fleet, only its part moves, and to nobody else.
/// @param id As in backend::id.
/// @param of Shards, at least 1.
/// @returns In [0, of).
uint32_t shard_of(std::string_view id, uint32_t of) noexcept;

/// Those of a list that belong to a shard, in its order.
backend_list in_shard(backend_list all, const shard_settings& mine);

} // namespace pgstatsmon
