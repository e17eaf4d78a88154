// How much was read from a socket, whoever has read it.
#pragma once

#include <cstdint>

namespace pgstatsmon {

/// Bytes that wait in a socket; 0 also at its end.
uint64_t unread_bytes(int socket) noexcept;

/// Counts what libpq and TLS read from a session's sockets, one after the other.
class read_meter {
public:
  /// Call it before something may read.
  void before_read(int socket) noexcept;

  /// Bytes read since the last call. Of TCP exact. Of a Unix socket, for which the kernel counts
  /// nothing, what waited when before_read() was called: what comes and is read in between is
  /// missed, which is little unless the server is slower than we are.
  /// @param unread What unread_bytes() says now.
  uint64_t after_read(int socket, uint64_t unread) noexcept;

private:
  int socket_ = -1;
  bool counted_by_kernel_ = true;
  uint64_t waited_ = 0;
  uint64_t total_ = 0;
};

} // namespace pgstatsmon
