// libmicrohttpd at the edge: nothing thrown passes its C callbacks.
#include "actors/exposition/http_server.hpp"

#include "actors/exposition/gzip.hpp"
#include "actors/exposition/listen.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <new>
#include <utility>

#include <microhttpd.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

constexpr unsigned worker_threads = 2;

// Of one connection: its headers, and the chunk of the body that is being sent.
constexpr size_t connection_memory = 65'536;

// Not worth compressing below.
constexpr size_t small_body = 1024;

/// A body that was made whole.
class text_source final : public body_source {
public:
  explicit text_source(std::string text) : text_{std::move(text)} {}

  size_t read(char* to, size_t max) override {
    auto n = text_.copy(to, max, done_);
    done_ += n;
    return n;
  }

private:
  std::string text_;
  size_t done_ = 0;
};

http_response text(unsigned status, std::string body) {
  http_response x;
  x.status = status;
  x.body = std::move(body);
  return x;
}

int socket_of(MHD_Connection* connection) noexcept {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

bool is_read_only(std::string_view method) noexcept {
  return method == MHD_HTTP_METHOD_GET || method == MHD_HTTP_METHOD_HEAD;
}

} // namespace

struct http_server::callbacks {
  static void connection_changed(void* server, MHD_Connection* connection, void**,
                                 MHD_ConnectionNotificationCode change) noexcept {
    auto* self = static_cast<http_server*>(server);
    if (change == MHD_CONNECTION_NOTIFY_STARTED)
      self->expect_request(socket_of(connection));
    else
      self->deadlines_.forget(socket_of(connection));
  }

  static void request_ended(void* server, MHD_Connection* connection, void**,
                            MHD_RequestTerminationCode) noexcept {
    static_cast<http_server*>(server)->expect_request(socket_of(connection));
  }

  // Called twice for a request: when its headers are there, and when all of it is. A response at
  // the first call ends the connection with it, which is right for a request with a body.
  static MHD_Result handle(void* server, MHD_Connection* connection, const char* url,
                           const char* method, const char*, const char*, size_t*,
                           void** seen) noexcept {
    if (std::exchange(*seen, server) == nullptr && !has_body(connection))
      return MHD_YES;
    auto* self = static_cast<http_server*>(server);
    try {
      self->deadlines_.set(socket_of(connection),
                           deadlines::clock::now() + self->options_.response_timeout);
      auto response = self->answer(method, url);
      return send(connection, std::move(response));
    } catch (const std::exception& e) {
      spdlog::error("http: {}", e.what());
      return MHD_NO;
    }
  }

  static bool has_body(MHD_Connection* connection) noexcept {
    auto has = [&](const char* name) {
      return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name) != nullptr;
    };
    return has(MHD_HTTP_HEADER_CONTENT_LENGTH) || has(MHD_HTTP_HEADER_TRANSFER_ENCODING);
  }

  static MHD_Result send(MHD_Connection* connection, http_response x) {
    const auto* accept =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    auto worth_it = x.stream != nullptr || x.body.size() >= small_body;
    auto compress = worth_it && accept != nullptr && accepts_gzip(accept);
    auto status = x.status;
    auto type = std::move(x.type);
    auto* response = compress ? make_compressed(std::move(x)) : make_plain(std::move(x));
    if (response == nullptr)
      return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type.c_str());
    if (worth_it)
      MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (compress)
      MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
      MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    auto result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response); // the connection holds it now
    return result;
  }

  static MHD_Response* make_compressed(http_response x) {
    if (!x.stream)
      x.stream = std::make_unique<text_source>(std::move(x.body));
    return make_stream(std::make_unique<gzip_source>(std::move(x.stream)));
  }

  static MHD_Response* make_plain(http_response x) {
    if (x.stream)
      return make_stream(std::move(x.stream));
    return MHD_create_response_from_buffer(x.body.size(), x.body.data(), MHD_RESPMEM_MUST_COPY);
  }

  static MHD_Response* make_stream(std::unique_ptr<body_source> x) {
    auto* response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, connection_memory,
                                                       read_body, x.get(), free_body);
    if (response != nullptr)
      static_cast<void>(x.release()); // free_body's now
    return response;
  }

  static ssize_t read_body(void* source, uint64_t, char* to, size_t max) noexcept {
    try {
      auto n = static_cast<body_source*>(source)->read(to, max);
      return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : static_cast<ssize_t>(n);
    } catch (const std::exception& e) {
      spdlog::error("http: a response was cut off: {}", e.what());
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
  }

  static void free_body(void* source) noexcept { delete static_cast<body_source*>(source); }

  // What libmicrohttpd has to say is about clients that misbehave.
  static void log(void*, const char* format, va_list arguments) noexcept {
    std::array<char, 512> line{};
    if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0)
      return;
    std::string_view message{line.data()};
    spdlog::debug("http: {}", message.substr(0, message.find_last_not_of("\r\n") + 1));
  }
};

http_server::http_server(http_options options) : options_{std::move(options)} {
  // nop
}

http_server::~http_server() {
  stop();
}

void http_server::add_route(std::string path, http_handler handler) {
  auto is_prefix = path.ends_with('*');
  if (is_prefix)
    path.pop_back();
  routes_.push_back({std::move(path), is_prefix, std::move(handler)});
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
  auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.timeout).count();
  daemon_ = MHD_start_daemon(
    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, nullptr,
    nullptr, callbacks::handle, this, MHD_OPTION_EXTERNAL_LOGGER, callbacks::log, nullptr,
    MHD_OPTION_NOTIFY_CONNECTION, callbacks::connection_changed, this, MHD_OPTION_NOTIFY_COMPLETED,
    callbacks::request_ended, this, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
    worker_threads, MHD_OPTION_CONNECTION_LIMIT, std::max(options_.max_connections, worker_threads),
    MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(seconds),
    MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_END);
  if (daemon_ != nullptr)
    return caf::none;
  return caf::make_error(ec::listen_failed, "the HTTP server did not start");
}

void http_server::stop() noexcept {
  if (daemon_ != nullptr)
    MHD_stop_daemon(std::exchange(daemon_, nullptr));
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

http_response http_server::answer(std::string_view method, std::string_view path) const noexcept {
  const auto* found = find(path);
  if (found == nullptr)
    return text(MHD_HTTP_NOT_FOUND, "not found\n");
  if (!is_read_only(method))
    return text(MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n");
  try {
    return found->handler({path});
  } catch (const std::exception& e) {
    spdlog::error("http: {}: {}", path, e.what());
    return text(MHD_HTTP_INTERNAL_SERVER_ERROR, "internal error\n");
  }
}

} // namespace pgstatsmon
