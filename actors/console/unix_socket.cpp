// Opening a Unix socket, with a sentence for every way in which that fails.
#include "actors/console/unix_socket.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

caf::error failed(const std::string& path, const std::string& reason) {
  return caf::make_error(ec::listen_failed, fmt::format("no console at {}: {}", path, reason));
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

int stream_socket() {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/// Whether somebody accepts connections there.
bool is_served(const sockaddr_un& address) {
  auto fd = stream_socket();
  if (fd < 0)
    return false;
  auto code = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  auto error = errno;
  close(fd);
  return code == 0 || error == EAGAIN;
}

} // namespace

caf::expected<int> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return failed(path,
                  fmt::format("the path is longer than {} bytes", sizeof(address.sun_path) - 1));
  std::memcpy(address.sun_path, path.c_str(), path.size());
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode))
      return failed(path, "a file of another kind is there");
    if (is_served(address))
      return failed(path, "another daemon serves it");
    unlink(path.c_str());
  }
  auto fd = stream_socket();
  if (fd < 0)
    return failed(path, reason_of(errno));
  // Before bind() the socket file has no mode: from fchmod() it takes one that nobody can use
  // earlier, whatever the umask is.
  constexpr mode_t mode = 0660;
  constexpr int backlog = 16;
  if (fchmod(fd, mode) != 0
      || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0
      || chmod(path.c_str(), mode) != 0 || listen(fd, backlog) != 0) {
    auto error = errno;
    close(fd);
    return failed(path, reason_of(error));
  }
  return fd;
}

} // namespace pgstatsmon
