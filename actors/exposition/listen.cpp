// Opening a listening socket, with a sentence for every way in which that fails.
#include "actors/exposition/listen.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>

#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

caf::error failed(const std::string& ip, uint16_t port, const std::string& reason) {
  auto where = ip.find(':') == std::string::npos ? ip : '[' + ip + ']';
  return caf::make_error(ec::listen_failed,
                         fmt::format("cannot listen on {}:{}: {}", where, port, reason));
}

bool is_local(const sockaddr_storage& address) noexcept {
  constexpr uint32_t loopback = 127;
  if (address.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24U == loopback;
  if (address.ss_family != AF_INET6)
    return address.ss_family == AF_UNIX;
  const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&ip) || (IN6_IS_ADDR_V4MAPPED(&ip) && ip.s6_addr[12] == loopback);
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

} // namespace

caf::expected<int> listen_on(const std::string& ip, uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto code = getaddrinfo(ip.c_str(), std::to_string(port).c_str(), &hints, &found); code != 0)
    return failed(ip, port, gai_strerror(code));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address{found, freeaddrinfo};
  auto fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return failed(ip, port, reason_of(errno));
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
      || bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
    auto error = errno;
    close(fd);
    return failed(ip, port, reason_of(error));
  }
  return fd;
}

uint16_t port_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

bool is_local_only(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && is_local(address);
}

bool is_local_only(const std::string& ip) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1)
    address.ss_family = AF_INET;
  // The zone of a link-local address is no part of it.
  else if (inet_pton(AF_INET6, ip.substr(0, ip.find('%')).c_str(), &v6.sin6_addr) == 1)
    address.ss_family = AF_INET6;
  return address.ss_family != AF_UNSPEC && is_local(address);
}

} // namespace pgstatsmon
