// `shard`: which part of the fleet this daemon watches. Pure.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string_view>

namespace pgstatsmon {

/// Reads a `shard`.
void read_shard(const value& self, shard_settings& to);

/// The number at the end of an instance's or a host's name: 2 of `pgstatsmon-2.pods.example`.
std::optional<uint32_t> ordinal_of(std::string_view name);

} // namespace pgstatsmon
