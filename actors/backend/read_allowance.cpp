// recv() of the whole program: the system's, within the thread's allowance.
#include "actors/backend/read_allowance.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

namespace pgstatsmon {

namespace {

thread_local read_allowance* current = nullptr;

} // namespace

read_allowance::read_allowance(size_t bytes) noexcept : bytes_{bytes} {
  current = this;
}

read_allowance::~read_allowance() {
  current = nullptr;
}

ptrdiff_t read_allowance::receive(int socket, void* buffer, size_t size, int flags) noexcept {
  auto allowed = std::min(size, bytes_ - used_);
  if (allowed == 0 && size > 0) {
    drained_ = false;
    errno = EAGAIN;
    return -1;
  }
  auto result = recvfrom(socket, buffer, allowed, flags, nullptr, nullptr);
  if (result > 0 && (flags & MSG_PEEK) == 0)
    used_ += static_cast<size_t>(result);
  drained_ = result < static_cast<ptrdiff_t>(allowed);
  return result;
}

} // namespace pgstatsmon

// Takes the place of the C library's, also for libraries. POSIX: recv() is recvfrom() without an
// address.
extern "C" ssize_t recv(int socket, void* buffer, size_t size, int flags) {
  if (pgstatsmon::current != nullptr)
    return pgstatsmon::current->receive(socket, buffer, size, flags);
  return recvfrom(socket, buffer, size, flags, nullptr, nullptr);
}
