// `host:port`, as lists of targets write it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Where a target is.
struct target {
  std::string address; ///< Host name, literal address without brackets, or a directory of sockets.
  uint16_t port = 0;   ///< 0: none was given.

  friend bool operator==(const target&, const target&) = default;
};

/// Reads `host`, `host:port`, `[address]:port`, `[address]`, a bare IPv6 address, or where a Unix
/// socket is: `/directory`, `/directory:port`, `/directory/.s.PGSQL.port`, `@abstract`.
/// @returns nothing for anything else: a URL, port 0.
std::optional<target> parse_target(std::string_view text);

} // namespace pgstatsmon
