// A blocking Unix socket with deadlines.
#include "main/console_link.hpp"

#include "messages/error.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

using clock = std::chrono::steady_clock;

/// Longer than the daemon takes for anything.
constexpr auto patience = std::chrono::seconds{90};

/// More than any answer has; the daemon is not trusted to end one.
constexpr size_t max_answer = 256U << 20;

caf::error not_connected(const std::string& path, int error) {
  return caf::make_error(ec::connect_failed, fmt::format("no daemon answers at {}: {}", path,
                                                         std::generic_category().message(error)));
}

/// Takes an answer from what has come, if it is whole.
std::optional<console_reply> take_reply(std::string& from) {
  auto end = from.find_first_of("\x04\f");
  auto line_end = end == std::string::npos ? end : from.find('\n', end);
  if (line_end == std::string::npos)
    return std::nullopt;
  console_reply result;
  result.text = from.substr(0, end);
  result.last = from[end] == '\x04';
  result.good = !result.last || from.compare(end + 1, line_end - end - 1, "ok") == 0;
  from.erase(0, line_end + 1);
  return result;
}

} // namespace

console_link::~console_link() {
  close();
}

void console_link::close() noexcept {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
  received_.clear();
}

caf::error console_link::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path))
    return not_connected(path_, ENAMETOOLONG);
  std::memcpy(address.sun_path, path_.c_str(), path_.size());
  fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    auto error = errno;
    close();
    return not_connected(path_, error);
  }
  if (auto error = write_all("frames\n"))
    return error;
  auto greeting = receive();
  return greeting ? caf::error{} : std::move(greeting.error());
}

caf::error console_link::write_all(std::string_view text) {
  while (!text.empty()) {
    auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) {
      auto error = errno;
      close();
      return not_connected(path_, error);
    }
    text.remove_prefix(n < 0 ? 0 : static_cast<size_t>(n));
  }
  return {};
}

caf::error console_link::send(const std::string& line) {
  if (fd_ < 0)
    if (auto error = connect())
      return error;
  return write_all(line + '\n');
}

caf::expected<console_reply> console_link::receive(int also,
                                                   const std::function<bool(bool)>& interrupted) {
  auto deadline = clock::now() + patience;
  for (;;) {
    if (auto reply = take_reply(received_))
      return std::move(*reply);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0 || received_.size() > max_answer) {
      close();
      return caf::make_error(ec::timeout, std::string{"the daemon does not end its answer"});
    }
    std::array<pollfd, 2> wanted{
      {{.fd = fd_, .events = POLLIN, .revents = 0}, {.fd = also, .events = POLLIN, .revents = 0}}};
    auto n = poll(wanted.data(), wanted.size(), static_cast<int>(left.count()));
    if (interrupted && interrupted(n > 0 && wanted[1].revents != 0))
      if (auto error = write_all("\n"))
        return error;
    if (n <= 0 || wanted[0].revents == 0)
      continue;
    std::array<char, 65'536> chunk{};
    auto got = read(fd_, chunk.data(), chunk.size());
    if (got <= 0) {
      auto error = got == 0 ? ECONNRESET : errno;
      close();
      return not_connected(path_, error);
    }
    received_.append(chunk.data(), static_cast<size_t>(got));
  }
}

caf::expected<console_reply> console_link::ask(const std::string& line) {
  if (auto error = send(line)) {
    // The daemon may have been started anew since the last line.
    if (auto again = send(line))
      return again;
  }
  return receive();
}

} // namespace pgstatsmon
