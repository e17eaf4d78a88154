// The kernel's counts of a socket.
#include "actors/backend/read_meter.hpp"

#include <algorithm>
#include <utility>

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pgstatsmon {

uint64_t unread_bytes(int socket) noexcept {
  int result = 0;
  return ioctl(socket, FIONREAD, &result) == 0 && result > 0 ? static_cast<uint64_t>(result) : 0;
}

void read_meter::before_read(int socket) noexcept {
  if (std::exchange(socket_, socket) != socket) {
    counted_by_kernel_ = true;
    total_ = 0;
  }
  if (!counted_by_kernel_)
    waited_ = unread_bytes(socket);
}

uint64_t read_meter::after_read(int socket, uint64_t unread) noexcept {
  tcp_info info{};
  socklen_t size = sizeof(info);
  counted_by_kernel_ =
    counted_by_kernel_ && getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  if (!counted_by_kernel_)
    return std::exchange(waited_, 0);
  // What came since `unread` was asked for counts as read until the next call.
  auto came = static_cast<uint64_t>(info.tcpi_bytes_received);
  auto total = came - std::min(unread, came);
  auto before = std::exchange(total_, std::max(total, total_));
  return total_ - before;
}

} // namespace pgstatsmon
