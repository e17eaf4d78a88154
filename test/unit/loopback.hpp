// A socket on loopback for a test that is a server, and numbers as servers write them.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon::test {

/// A number in network order.
inline std::string number(uint32_t x, size_t bytes) {
  std::string result;
  for (auto i = bytes; i > 0; --i)
    result += static_cast<char>(x >> (8 * (i - 1)) & 0xFF);
  return result;
}

/// A socket with a port that the system chose. One of type SOCK_STREAM listens.
class loopback_socket {
public:
  explicit loopback_socket(int type) : socket_{socket(AF_INET, type | SOCK_CLOEXEC, 0)} {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* where = reinterpret_cast<sockaddr*>(&own);
    socklen_t size = sizeof(own);
    if (bind(socket_, where, size) != 0 || (type == SOCK_STREAM && listen(socket_, 1) != 0)
        || getsockname(socket_, where, &size) != 0)
      throw std::runtime_error("no socket on loopback");
    port_ = ntohs(own.sin_port);
  }
  ~loopback_socket() { ::close(socket_); }
  loopback_socket(const loopback_socket&) = delete;
  loopback_socket& operator=(const loopback_socket&) = delete;

  [[nodiscard]] int get() const { return socket_; }
  [[nodiscard]] uint16_t port() const { return port_; }

  /// Whoever waits for it in another thread waits no more.
  void wake() const { shutdown(socket_, SHUT_RDWR); }

private:
  int socket_;
  uint16_t port_ = 0;
};

} // namespace pgstatsmon::test
