// `shard`: which part of the fleet this daemon watches. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Reads a `shard`.
void read_shard(const value& self, shard_settings& to);

/// What stands for a name that is known when the daemon starts: `%i`, the instance's, or `%H`, the
/// host's; nothing for all else.
std::optional<std::string> named_at_start(std::string_view text);

/// The number at the end of an instance's or a host's name: 2 of `pgstatsmon-2.pods.example`.
std::optional<uint32_t> ordinal_of(std::string_view name);

} // namespace pgstatsmon
