// libmicrohttpd's daemon: started, switched to TLS and back, stopped; and the routes.
#include "actors/exposition/http_server.hpp"

#include "actors/exposition/event_hub.hpp"
#include "actors/exposition/http_callbacks.hpp"
#include "actors/exposition/listen.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

constexpr unsigned worker_threads = 2;

// Of one connection: its headers, and the chunk of the body that is being sent.
constexpr size_t connection_memory = 65'536;

constexpr std::chrono::seconds retry_interval{1};

/// How long connections that are cut may take to end.
constexpr std::chrono::seconds farewell{1};

/// How often connections are cut meanwhile: one may just be coming in.
constexpr std::chrono::milliseconds cut_interval{10};

bool is_read_only(std::string_view method) noexcept {
  return method == MHD_HTTP_METHOD_GET || method == MHD_HTTP_METHOD_HEAD;
}

http_response not_allowed(const char* allowed) {
  auto result = text_response(MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n");
  result.headers.emplace_back(MHD_HTTP_HEADER_ALLOW, allowed);
  return result;
}

} // namespace

http_server::http_server(http_options options)
  : options_{std::move(options)}, open_door_{std::make_shared<const web_door>(web_config{})} {
  // nop
}

http_server::~http_server() {
  stop();
}

void http_server::add_route(std::string path, http_handler handler) {
  auto is_prefix = path.ends_with('*');
  if (is_prefix)
    path.pop_back();
  routes_.push_back({std::move(path), is_prefix, false, std::move(handler)});
}

void http_server::add_order(std::string path, http_handler handler) {
  routes_.push_back({std::move(path), false, true, std::move(handler)});
}

void http_server::keep(std::shared_ptr<event_hub> events) {
  events_.push_back(std::move(events));
}

caf::error http_server::start() {
  auto fd = options_.listen_fd;
  if (fd < 0) {
    auto opened = listen_on(options_.ip, options_.port);
    if (!opened)
      return opened.error();
    fd = *opened;
  }
  port_ = port_of(fd);
  local_ = is_local_only(fd);
  secure_ = enter()->tls != nullptr;
  if (!start_daemon(fd)) {
    close(fd);
    return caf::make_error(ec::listen_failed, "the HTTP server did not start");
  }
  switcher_ = std::jthread{[this](const std::stop_token& end) { switch_when_asked(end); }};
  return caf::none;
}

void http_server::stop() noexcept {
  switcher_ = {}; // asks it to end and waits
  if (daemon_ == nullptr) {
    wake_sleepers();
    return;
  }
  auto fd = end_daemon();
  if (fd != MHD_INVALID_SOCKET)
    close(fd);
}

// MHD_stop_daemon() alone would shut the listening socket down, which may be systemd's: the next
// start would get a dead one. And libmicrohttpd 0.9.75 reads a null pointer when it refuses a
// request while it is being stopped, so no connection may be left by then.
int http_server::end_daemon() noexcept {
  auto fd = MHD_quiesce_daemon(daemon_);
  wake_sleepers();
  auto deadline = deadlines::clock::now() + farewell;
  std::unique_lock lock{mutex_};
  while (connections_ > 0 && deadlines::clock::now() < deadline) {
    deadlines_.shut_down_all();
    connection_gone_.wait_for(lock, cut_interval);
  }
  lock.unlock();
  MHD_stop_daemon(std::exchange(daemon_, nullptr));
  return fd;
}

// libmicrohttpd deals the limit out to its threads and leaves clients above it waiting; ours is
// kept in may_connect(), below that one.
bool http_server::start_daemon(int fd) {
  auto flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG
               | MHD_ALLOW_SUSPEND_RESUME | (secure_ ? MHD_USE_TLS : 0);
  auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.timeout).count();
  auto limit = (options_.max_connections + 1) * worker_threads;
  std::array<MHD_OptionItem, 2> more{{
    {secure_ ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0,
     reinterpret_cast<void*>(callbacks::no_certificate)},
    {MHD_OPTION_END, 0, nullptr},
  }};
  daemon_ = MHD_start_daemon(
    static_cast<unsigned>(flags), 0, callbacks::may_connect, this, callbacks::handle, this,
    MHD_OPTION_EXTERNAL_LOGGER, callbacks::log, nullptr, MHD_OPTION_NOTIFY_CONNECTION,
    callbacks::connection_changed, this, MHD_OPTION_NOTIFY_COMPLETED, callbacks::request_ended,
    this, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, worker_threads,
    MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT,
    static_cast<unsigned>(seconds), MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
    MHD_OPTION_URI_LOG_CALLBACK, callbacks::request_began, nullptr, MHD_OPTION_ARRAY, more.data(),
    MHD_OPTION_END);
  return daemon_ != nullptr;
}

void http_server::switch_when_asked(const std::stop_token& end) {
  std::unique_lock lock{mutex_};
  while (switch_asked_.wait(lock, end, [this] { return switch_wanted_; })) {
    switch_wanted_ = false;
    lock.unlock();
    switch_daemon(end);
    lock.lock();
  }
}

// Who connects meanwhile waits in the backlog.
void http_server::switch_daemon(const std::stop_token& end) {
  auto secure = enter()->tls != nullptr;
  if (secure == secure_)
    return;
  auto fd = end_daemon();
  let_sleep();
  secure_ = secure;
  while (!start_daemon(fd)) {
    say(spdlog::level::err, log_event::internal_error,
        "the HTTP server did not start again, the next attempt is in a second");
    std::unique_lock lock{mutex_};
    switch_asked_.wait_for(lock, end, retry_interval, [] { return false; });
    if (end.stop_requested()) {
      close(fd);
      return;
    }
  }
  say(spdlog::level::info, log_event::tls_switched, "TLS is {} from now on", secure ? "on" : "off");
}

/// What is in force now. Has TLS switched on or off when that says so.
web_door_ptr http_server::enter() noexcept {
  auto result = options_.guard ? options_.guard->door(web_guard::clock::now()) : open_door_;
  if ((result->tls != nullptr) != secure_) {
    std::lock_guard guard{mutex_};
    switch_wanted_ = true;
    switch_asked_.notify_one();
  }
  return result;
}

/// Ends whatever a connection waits for: none may be suspended when its daemon ends.
void http_server::wake_sleepers() noexcept {
  access_.close();
  late_.close();
  for (const auto& x : events_)
    x->close();
}

void http_server::let_sleep() noexcept {
  access_.open();
  late_.open();
  for (const auto& x : events_)
    x->open();
}

void http_server::expect_request(int fd) noexcept {
  try {
    deadlines_.set(fd, deadlines::clock::now() + options_.timeout);
  } catch (const std::bad_alloc&) {
    shutdown(fd, SHUT_RDWR); // without a deadline it could stay for ever
  }
}

const http_server::route* http_server::find(std::string_view path) const noexcept {
  auto i = std::find_if(routes_.begin(), routes_.end(), [&](const route& x) {
    return x.is_prefix ? path.starts_with(x.path) : path == x.path;
  });
  return i == routes_.end() ? nullptr : &*i;
}

http_response http_server::answer(std::string_view method,
                                  const std::optional<http_request>& request) const noexcept {
  if (!request)
    return text_response(MHD_HTTP_URI_TOO_LONG, "the path or its parameters are too long\n");
  const auto* found = find(request->path);
  if (found == nullptr)
    return text_response(MHD_HTTP_NOT_FOUND, "not found\n");
  if (!(found->is_order ? method == MHD_HTTP_METHOD_POST : is_read_only(method)))
    return not_allowed(found->is_order ? "POST" : "GET, HEAD");
  try {
    return found->handler(*request);
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: {}: {}", request->path, e.what());
    return text_response(MHD_HTTP_INTERNAL_SERVER_ERROR, "internal error\n");
  }
}

} // namespace pgstatsmon
