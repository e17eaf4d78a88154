// Listening sockets.
#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>

namespace pgstatsmon {

/// Opens a socket that listens, non-blocking and closed on exec.
/// @param ip Literal IPv4/IPv6 address.
/// @param port 0 lets the system choose.
/// @returns the descriptor, which the caller closes; ec::listen_failed with the reason.
caf::expected<int> listen_on(const std::string& ip, uint16_t port);

/// The port of a bound socket; 0 if it has none.
uint16_t port_of(int fd) noexcept;

/// Whether clients of this machine alone reach a bound socket: 127.0.0.0/8, ::1 or a Unix path.
bool is_local_only(int fd) noexcept;

/// The same of one that would be bound to a literal address.
bool is_local_only(const std::string& ip);

} // namespace pgstatsmon
