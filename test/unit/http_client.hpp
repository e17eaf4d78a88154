// A client that says exactly what a test wants it to say.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace pgstatsmon::test {

/// A connection to 127.0.0.1, closed with the object. Reads fail after ten seconds.
class http_connection {
public:
  explicit http_connection(uint16_t port) : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    good_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }

  http_connection(const http_connection&) = delete;
  http_connection& operator=(const http_connection&) = delete;
  ~http_connection() { close(fd_); }

  explicit operator bool() const noexcept { return good_; }

  void say(std::string_view text) {
    good_ = send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  /// Some bytes; empty at the end or when none came in time.
  std::string hear() {
    std::array<char, 65536> buffer{};
    auto n = recv(fd_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), n > 0 ? static_cast<size_t>(n) : 0};
  }

  std::string hear_all() {
    std::string result;
    for (auto part = hear(); !part.empty(); part = hear())
      result += part;
    return result;
  }

private:
  int fd_;
  bool good_ = false;
};

struct http_answer {
  int status = 0;
  std::map<std::string, std::string> headers; ///< Names in lower case.
  std::string body;                           ///< Without chunk sizes.
  bool complete = true;                       ///< False if the last chunk is missing.
};

inline std::string without_chunks(std::string_view x, bool& complete) {
  std::string result;
  for (;;) {
    auto end = x.find("\r\n");
    auto size = end == x.npos ? 0 : std::stoul(std::string{x.substr(0, end)}, nullptr, 16);
    complete = end != x.npos && x.size() >= end + 2 + size;
    if (size == 0 || !complete)
      return result;
    result += x.substr(end + 2, size);
    x.remove_prefix(end + 2 + size + 2);
  }
}

inline http_answer parse_answer(std::string_view x) {
  http_answer result;
  auto head_end = x.find("\r\n\r\n");
  if (!x.starts_with("HTTP/1.") || head_end == x.npos)
    return result;
  result.status = std::stoi(std::string{x.substr(9, 3)});
  auto head = x.substr(0, head_end + 2);
  for (auto line = head.find("\r\n") + 2; line < head.size(); line = head.find("\r\n", line) + 2) {
    auto colon = head.find(':', line);
    std::string name{head.substr(line, colon - line)};
    for (char& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    result.headers[name] = head.substr(colon + 2, head.find("\r\n", colon) - colon - 2);
  }
  auto body = x.substr(head_end + 4);
  result.body = result.headers["transfer-encoding"] == "chunked" && !body.empty()
                  ? without_chunks(body, result.complete)
                  : std::string{body};
  return result;
}

/// One request on a connection of its own.
/// @param headers Whole lines.
inline http_answer fetch(uint16_t port, std::string_view method, std::string_view path,
                         std::string_view headers = {}) {
  http_connection connection{port};
  std::string request;
  request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: x\r\n");
  request.append("Connection: close\r\n").append(headers).append("\r\n");
  connection.say(request);
  return parse_answer(connection.hear_all());
}

} // namespace pgstatsmon::test
