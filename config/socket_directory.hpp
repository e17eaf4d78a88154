// Unix sockets in place of an address: the directory that PostgreSQL's socket is in.
#pragma once

#include "config/reader.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Whether libpq takes it for a directory of Unix sockets and not for a host: an absolute path, or
/// `@` and the name of an abstract one.
constexpr bool is_socket_directory(std::string_view text) noexcept {
  return text.starts_with('/') || text.starts_with('@');
}

/// What is wrong with a directory of Unix sockets; empty when nothing is. It need not be there yet.
std::string socket_directory_fault(std::string_view directory);

/// A literal address, a host name or a directory of Unix sockets.
std::optional<std::string> parse_backend_address(const value& x);

} // namespace pgstatsmon
