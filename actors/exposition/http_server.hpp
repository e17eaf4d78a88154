// An HTTP server for a few small pages and one large one, over libmicrohttpd.
#pragma once

#include "actors/exposition/access_control.hpp"
#include "actors/exposition/deadlines.hpp"
#include "actors/exposition/http_request.hpp"
#include "actors/exposition/late_answers.hpp"
#include "actors/exposition/respond.hpp"
#include "actors/exposition/web_guard.hpp"
#include "messages/error.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct MHD_Daemon;

namespace pgstatsmon {

/// Answers a request; called by the server's threads, several at once. An exception becomes a 500.
using http_handler = std::function<http_response(const http_request&)>;

struct http_options {
  std::string ip = "127.0.0.1";   ///< Literal IPv4/IPv6 address.
  uint16_t port = 0;              ///< 0 lets the system choose.
  int listen_fd = -1;             ///< A socket that listens already, instead; the server closes it.
  uint32_t max_connections = 512; ///< More are closed as they come.
  std::chrono::milliseconds timeout{10'000}; ///< Without a byte, or for a whole request; >= 1 s.
  std::chrono::milliseconds response_timeout{60'000}; ///< For a client to take a whole response.
  std::shared_ptr<web_guard> guard; ///< Says who may have pages; null: everybody, without TLS.
};

/// Serves GET and HEAD of its routes, POST of its orders; 404 elsewhere, 405 for other methods.
/// Bodies are compressed if the client accepts gzip. Two threads, one for deadlines, one for
/// passwords and one that switches TLS on and off, none per client; what a connection may use of
/// memory and of time is bounded. No member but port() and is_local() may be called by two threads
/// at once.
class http_server {
public:
  explicit http_server(http_options options);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  ~http_server();

  /// Adds a route; only before start(). The first that matches is taken.
  /// @param path Exact, or a prefix when it ends in `*`: `/api/v1/backends/*`.
  void add_route(std::string path, http_handler handler);

  /// Adds a route for POST requests, whose bodies are not read; only before start().
  /// @param path Exact.
  void add_order(std::string path, http_handler handler);

  /// Events that end and begin again with the server's connections; only before start().
  void keep(std::shared_ptr<event_hub> events);

  /// Begins to serve; ec::listen_failed with the reason if the address can't be had.
  [[nodiscard]] caf::error start();

  /// Ends all connections and the threads. May be called twice.
  void stop() noexcept;

  /// The port that start() got.
  [[nodiscard]] uint16_t port() const noexcept { return port_; }

  /// Whether clients of this machine alone reach the address that start() got.
  [[nodiscard]] bool is_local() const noexcept { return local_; }

private:
  struct route {
    std::string path;
    bool is_prefix;
    bool is_order;
    http_handler handler;
  };

  struct callbacks; // what libmicrohttpd calls

  bool start_daemon(int fd);

  /// Ends libmicrohttpd's threads and connections; the listening socket is the caller's.
  int end_daemon() noexcept;
  void switch_when_asked(const std::stop_token& end);
  void switch_daemon(const std::stop_token& end);
  web_door_ptr enter() noexcept;
  void expect_request(int fd) noexcept;
  void wake_sleepers() noexcept;
  void let_sleep() noexcept;
  [[nodiscard]] const route* find(std::string_view path) const noexcept;

  /// @param request Nothing: its target is beyond bounds.
  [[nodiscard]] http_response answer(std::string_view method,
                                     const std::optional<http_request>& request) const noexcept;

  http_options options_;
  std::vector<route> routes_;
  std::vector<std::shared_ptr<event_hub>> events_;
  web_door_ptr open_door_; ///< In force when there is no guard.
  deadlines deadlines_;
  access_control access_;
  late_answers late_;
  std::atomic<uint32_t> connections_ = 0;
  uint16_t port_ = 0;
  bool local_ = true;

  std::atomic<bool> secure_ = false; ///< Whether daemon_ speaks TLS.
  MHD_Daemon* daemon_ = nullptr;     ///< Of the switcher while it runs, else of who calls us.
  std::mutex mutex_;                 ///< Of switch_wanted_.
  std::condition_variable connection_gone_;
  std::condition_variable_any switch_asked_;
  bool switch_wanted_ = false;
  std::jthread switcher_; // the last member: it uses the others
};

} // namespace pgstatsmon
