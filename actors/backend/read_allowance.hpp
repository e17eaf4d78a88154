// How much a thread reads from sockets, counted and bounded where a library does the reading.
#pragma once

#include <cstddef>

namespace pgstatsmon {

/// While it lives, recv() of this thread gives at most so many bytes, then EAGAIN as if no more had
/// come.
///
/// Nothing else bounds one call of libpq: once a server has announced a message of a gigabyte, a
/// single PQconsumeInput() reads for as long as something comes. TLS goes through the same recv().
/// One at a time for each thread; of other threads and of the time before and after, nothing
/// changes.
class read_allowance {
public:
  /// @param bytes More than 0.
  explicit read_allowance(size_t bytes) noexcept;
  ~read_allowance();
  read_allowance(const read_allowance&) = delete;
  read_allowance& operator=(const read_allowance&) = delete;

  /// Bytes that were read.
  [[nodiscard]] size_t used() const noexcept { return used_; }

  /// Whether the last recv() has left nothing behind in the socket.
  [[nodiscard]] bool drained() const noexcept { return drained_; }

  /// What recv() does on this thread now.
  ptrdiff_t receive(int socket, void* buffer, size_t size, int flags) noexcept;

private:
  size_t bytes_;
  size_t used_ = 0;
  bool drained_ = true;
};

} // namespace pgstatsmon
