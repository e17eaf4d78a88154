// What a server's certificate says.
#pragma once

#include <chrono>
#include <optional>

struct ssl_st;

namespace pgstatsmon {

/// When the certificate ends that the peer of a TLS session showed; nothing if it showed none, or
/// one whose time can't be read.
/// @param tls Not null.
std::optional<std::chrono::sys_seconds> certificate_end(const ssl_st* tls);

} // namespace pgstatsmon
