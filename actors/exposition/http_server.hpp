// An HTTP server for a few small pages and one large one, over libmicrohttpd.
#pragma once

#include "actors/exposition/body_source.hpp"
#include "actors/exposition/deadlines.hpp"
#include "messages/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct MHD_Daemon;
struct MHD_Connection;

namespace pgstatsmon {

/// A GET or HEAD request. The views live as long as the call.
struct http_request {
  std::string_view path; ///< Percent-decoded, without the query string.
};

struct http_response {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::unique_ptr<body_source> stream; ///< Instead of `body`, if set.
};

/// Answers a request; called by the server's threads, several at once. An exception becomes a 500.
using http_handler = std::function<http_response(const http_request&)>;

struct http_options {
  std::string ip = "127.0.0.1"; ///< Literal IPv4/IPv6 address.
  uint16_t port = 0;            ///< 0 lets the system choose.
  int listen_fd = -1;           ///< A socket that listens already, instead; the server closes it.
  uint32_t max_connections = 512;
  std::chrono::milliseconds timeout{10'000}; ///< Without a byte, or for a whole request; >= 1 s.
  std::chrono::milliseconds response_timeout{60'000}; ///< For a client to take a whole response.
};

/// Serves GET and HEAD of its routes; 404 elsewhere, 405 for other methods. Bodies are compressed
/// if the client accepts gzip. Two threads and one for deadlines, none per client; what a
/// connection may use of memory and of time is bounded.
/// No member but port() may be called by two threads at once.
class http_server {
public:
  explicit http_server(http_options options);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  ~http_server();

  /// Adds a route; only before start(). The first that matches is taken.
  /// @param path Exact, or a prefix when it ends in `*`: `/api/v1/backends/*`.
  void add_route(std::string path, http_handler handler);

  /// Begins to serve; ec::listen_failed with the reason if the address can't be had.
  [[nodiscard]] caf::error start();

  /// Ends all connections and the threads. May be called twice.
  void stop() noexcept;

  /// The port that start() got.
  [[nodiscard]] uint16_t port() const noexcept { return port_; }

private:
  struct route {
    std::string path;
    bool is_prefix;
    http_handler handler;
  };

  struct callbacks; // what libmicrohttpd calls

  void expect_request(int fd) noexcept;
  [[nodiscard]] const route* find(std::string_view path) const noexcept;
  [[nodiscard]] http_response answer(std::string_view method, std::string_view path) const noexcept;

  http_options options_;
  std::vector<route> routes_;
  deadlines deadlines_;
  MHD_Daemon* daemon_ = nullptr;
  uint16_t port_ = 0;
};

} // namespace pgstatsmon
