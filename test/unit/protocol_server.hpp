// A server on loopback that speaks PostgreSQL's protocol as a test wants it, for one connection.
#pragma once

#include "test/unit/loopback.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon::test {

inline std::string message(char kind, std::string_view body = {}) {
  return kind + number(static_cast<uint32_t>(body.size()) + 4, 4) + std::string{body};
}

inline std::string parameter(const std::string& name, const std::string& value) {
  return message('S', name + '\0' + value + '\0');
}

/// An error or a notice, `kind` `E` or `N`.
inline std::string complaint(char kind, const std::string& severity, const std::string& sqlstate,
                             const std::string& text) {
  return message(kind, 'S' + severity + '\0' + 'V' + severity + '\0' + 'C' + sqlstate + '\0' + 'M'
                         + text + '\0' + '\0');
}

/// What answers a statement that was parsed, bound, described and executed: one column, these rows.
inline std::string rows(const std::vector<std::string>& values) {
  auto column = std::string{"x"} + '\0' + number(0, 4) + number(0, 2) + number(25, 4)
                + number(0xFFFF, 2) + number(0xFFFFFFFF, 4) + number(0, 2);
  auto result = message('1') + message('2') + message('T', number(1, 2) + column);
  for (const auto& x : values)
    result += message('D', number(1, 2) + number(static_cast<uint32_t>(x.size()), 4) + x);
  return result + message('C', std::string{"SELECT 1"} + '\0');
}

inline std::string ready() {
  return message('Z', "I");
}

/// What lets a client in: PostgreSQL 15.18, process 4711, a primary unless told otherwise.
inline std::string greeting(const std::string& in_hot_standby = "off") {
  return message('R', number(0, 4)) + parameter("server_version", "15.18")
         + parameter("in_hot_standby", in_hot_standby) + parameter("client_encoding", "UTF8")
         + message('K', number(4711, 4) + number(42, 4)) + ready();
}

/// Accepts one connection and runs a script in a thread of its own. The end of the test, of the
/// other side or ten seconds of silence end it.
class protocol_server {
public:
  using script = std::function<void(protocol_server&)>;

  explicit protocol_server(script x) : thread_{[this, run = std::move(x)] { serve(run); }} {}
  ~protocol_server() {
    ending_ = true;
    listener_.wake();
    thread_.join();
  }
  protocol_server(const protocol_server&) = delete;
  protocol_server& operator=(const protocol_server&) = delete;

  [[nodiscard]] std::string port() const { return std::to_string(listener_.port()); }

  /// Bytes that were sent so far.
  [[nodiscard]] size_t sent() const { return sent_; }

  // -- for the script ----------------------------------------------------------------------------

  /// The kind of the next message, which is taken; 0 for a startup packet.
  char take(bool startup = false) {
    auto kind = startup ? '\0' : read(1)[0];
    auto head = read(4);
    uint32_t size = 0;
    for (auto x : head)
      size = size << 8 | static_cast<unsigned char>(x);
    read(size - 4);
    return kind;
  }

  /// Answers each Sync with the next of these.
  void answer(const std::vector<std::string>& answers) {
    for (const auto& x : answers) {
      while (take() != 'S') {
        // nop
      }
      say(x);
    }
  }

  void say(std::string_view text) {
    while (!text.empty()) {
      wait(POLLOUT);
      auto done = send(client_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (done <= 0)
        throw std::runtime_error("gone");
      text.remove_prefix(static_cast<size_t>(done));
      sent_ += static_cast<size_t>(done);
    }
  }

private:
  std::string read(size_t n) {
    std::string result(n, '\0');
    for (size_t have = 0; have < n;) {
      wait(POLLIN);
      auto more = ::recv(client_, result.data() + have, n - have, MSG_DONTWAIT);
      if (more <= 0)
        throw std::runtime_error("gone");
      have += static_cast<size_t>(more);
    }
    return result;
  }

  void wait(short events) {
    for (int i = 0; i < 1000; ++i) {
      pollfd x{client_, events, 0};
      if (ending_)
        break;
      if (poll(&x, 1, 10) > 0)
        return;
    }
    throw std::runtime_error("nothing happens");
  }

  void serve(const script& run) {
    client_ = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client_ < 0)
      return;
    try {
      take(true);
      run(*this);
    } catch (const std::runtime_error&) {
      // the test is over
    }
    ::close(client_);
  }

  loopback_socket listener_{SOCK_STREAM};
  int client_ = -1;
  std::atomic<bool> ending_ = false;
  std::atomic<size_t> sent_ = 0;
  std::thread thread_;
};

} // namespace pgstatsmon::test
