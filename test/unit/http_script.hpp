// An HTTP server on loopback that answers as a test wants it to.
#pragma once

#include "test/unit/loopback.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon::test {

/// A client's connection while it is answered.
class http_peer {
public:
  http_peer(int fd, const std::atomic<bool>& ending) : fd_{fd}, ending_{ending} {}

  void say(std::string_view text) const {
    while (!text.empty()) {
      auto sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return;
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }

  /// An answer whose end the client knows.
  void answer(std::string_view body, std::string_view status = "200 OK") const {
    say("HTTP/1.1 " + std::string{status} + "\r\nContent-Length: " + std::to_string(body.size())
        + "\r\n\r\n" + std::string{body});
  }

  /// The head of an answer in pieces, one of them, and the end.
  void begin_pieces() const { say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); }
  void piece(std::string_view body) const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string size;
    for (auto n = body.size(); n > 0; n /= 16)
      size.insert(size.begin(), digits[n % 16]);
    say(size + "\r\n" + std::string{body} + "\r\n");
  }
  void end_pieces() const { say("0\r\n\r\n"); }

  /// Waits until the client has closed, or the test ends.
  void wait() const {
    pollfd what{fd_, POLLRDHUP, 0};
    while (!ending_ && ::poll(&what, 1, 20) == 0) {
      // not yet
    }
  }

private:
  int fd_;
  const std::atomic<bool>& ending_;
};

/// Answers each request by a function, called by a thread of that connection. Ends with the test.
class http_script {
public:
  /// @param request Head and body.
  using handler = std::function<void(const std::string& request, const http_peer& peer)>;

  explicit http_script(handler f) : handler_{std::move(f)}, thread_{[this] { accept_all(); }} {}

  ~http_script() {
    ending_ = true;
    listener_.wake();
    thread_.join();
  }
  http_script(const http_script&) = delete;
  http_script& operator=(const http_script&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(listener_.port());
  }

  /// How many connections there were.
  [[nodiscard]] size_t connections() const { return connections_; }

private:
  void accept_all() {
    std::vector<std::jthread> peers;
    while (!ending_) {
      auto fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0)
        continue;
      ++connections_;
      peers.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string input;
    while (read_request(fd, input)) {
      auto request = input;
      input.clear();
      handler_(request, http_peer{fd, ending_});
    }
    ::close(fd);
  }

  /// One request, head and body; false when there is none.
  bool read_request(int fd, std::string& to) const {
    while (!ending_) {
      if (auto head = to.find("\r\n\r\n"); head != std::string::npos) {
        auto length = to.find("Content-Length: ");
        auto body = length < head ? std::strtoul(to.c_str() + length + 16, nullptr, 10) : 0;
        if (to.size() >= head + 4 + body)
          return true;
      }
      pollfd what{fd, POLLIN, 0};
      if (::poll(&what, 1, 20) == 0)
        continue;
      std::string buffer(4096, '\0');
      auto size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0)
        return false;
      to.append(buffer, 0, static_cast<size_t>(size));
    }
    return false;
  }

  handler handler_;
  loopback_socket listener_{SOCK_STREAM};
  std::atomic<bool> ending_ = false;
  std::atomic<size_t> connections_ = 0;
  std::thread thread_;
};

} // namespace pgstatsmon::test
