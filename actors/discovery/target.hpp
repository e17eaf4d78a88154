// `host:port`, as lists of targets write it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Where a target is.
struct target {
  std::string address; ///< Host name or literal address, without brackets.
  uint16_t port = 0;   ///< 0: none was given.

  friend bool operator==(const target&, const target&) = default;
};

/// Reads `host`, `host:port`, `[address]:port`, `[address]` or a bare IPv6 address.
/// @returns nothing for anything else: a URL, a socket's path, port 0.
std::optional<target> parse_target(std::string_view text);

} // namespace pgstatsmon
