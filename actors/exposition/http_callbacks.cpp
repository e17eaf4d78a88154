// The way of a request: connection, TLS, password, answer.
#include "actors/exposition/http_callbacks.hpp"

#include "actors/exposition/basic_auth.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

/// Of a connection: keeps what its TLS session uses.
struct session_data {
  web_door_ptr door;
};

/// Of a request.
struct request_data {
  std::optional<http_request> request; ///< Nothing: its target is beyond bounds.
  bool begun = false;                  ///< handle() was called.
  /// Written while the connection is suspended, or by the thread that serves it.
  verdict decision = verdict::open;
  waiting_request_ptr late{}; ///< Its answer was to come later.
};

/// Of the page, for each client that takes it slowly; the kernel doubles it for its own needs.
/// Without a bound it takes megabytes, and we make that much of every page before anybody else's
/// turn.
constexpr int send_buffer = 128 * 1024;

/// What the client has not taken is dropped with the connection, instead of waiting for it in the
/// kernel.
void drop_unsent(int fd) noexcept {
  linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int socket_of(MHD_Connection* connection) noexcept {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

std::string_view header_of(MHD_Connection* connection, const char* name) noexcept {
  const auto* text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return text == nullptr ? std::string_view{} : text;
}

/// An address without its port; empty for what is no Internet address.
std::string address_of(MHD_Connection* connection) {
  std::array<char, NI_MAXHOST> text{};
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const auto* address = info == nullptr ? nullptr : info->client_addr;
  if (address == nullptr || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
    return {};
  auto size = address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (getnameinfo(address, static_cast<socklen_t>(size), text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST)
      != 0)
    return {};
  return text.data();
}

/// Who is let in, by name.
std::string user_of(const web_door& door, std::string_view authorization) {
  auto known = door.config.users.empty() ? std::nullopt : parse_basic_auth(authorization);
  return known ? known->user : std::string{};
}

/// Every header of a request.
auto headers_of(MHD_Connection* connection) {
  decltype(http_request::headers) result;
  auto count = MHD_get_connection_values(connection, MHD_HEADER_KIND, nullptr, nullptr);
  result.reserve(static_cast<size_t>(std::max(count, 0))); // so that add() doesn't throw
  auto add = [](void* to, MHD_ValueKind, const char* name, const char* value) {
    static_cast<decltype(result)*>(to)->emplace_back(name, value == nullptr ? "" : value);
    return MHD_YES;
  };
  MHD_get_connection_values(connection, MHD_HEADER_KIND, add, &result);
  return result;
}

bool has_body(MHD_Connection* connection) noexcept {
  auto has = [&](const char* name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name) != nullptr;
  };
  return has(MHD_HTTP_HEADER_CONTENT_LENGTH) || has(MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/// Prepares the session of a new connection. False: it must not go on.
bool prepare(MHD_Connection* connection, const web_door& door) noexcept {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  auto secure = info != nullptr && info->tls_session != nullptr;
  if (!secure || door.tls == nullptr)
    return secure == (door.tls != nullptr); // else TLS is being switched on or off
  return door.tls->prepare(static_cast<gnutls_session_t>(info->tls_session));
}

http_response refusal(verdict x) {
  switch (x) {
  case verdict::limited: return text_response(MHD_HTTP_TOO_MANY_REQUESTS, "too many requests\n");
  case verdict::busy:
    return text_response(MHD_HTTP_SERVICE_UNAVAILABLE, "too many passwords to check\n");
  default: return text_response(MHD_HTTP_UNAUTHORIZED, "unauthorized\n");
  }
}

/// Completes a request with what its connection tells. For one that was let in.
void say_who_asks(http_request& x, MHD_Connection* connection, const web_door& door) {
  x.headers = headers_of(connection);
  x.user = user_of(door, header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION));
  x.peer = address_of(connection);
}

http_response unavailable() {
  return text_response(MHD_HTTP_SERVICE_UNAVAILABLE, "the server ends, or starts again\n");
}

http_response late_answer_of(waiting_request& x) {
  auto result = x.take();
  return result ? std::move(*result) : unavailable();
}

/// Begins what will answer a request; the connection sleeps meanwhile.
/// @param to Null after it: nobody may wait now.
void wait_for(late_answers& all, MHD_Connection* connection,
              const std::function<void(const late_answer&)>& begin, waiting_request_ptr& to) {
  to = all.begin(connection);
  if (!to)
    return;
  try {
    begin([&all, to](http_response x) { all.answer(to, std::move(x)); });
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: {}", e.what());
    all.answer(to, text_response(MHD_HTTP_INTERNAL_SERVER_ERROR, "internal error\n"));
  }
}

/// Has a password checked; the connection sleeps meanwhile.
void check(access_control& by, const web_door& door, MHD_Connection* connection,
           request_data& request) {
  const auto* peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  auto network = peer_of(peer == nullptr ? nullptr : peer->client_addr);
  auto done = [&request, connection](verdict x) noexcept {
    request.decision = x;
    MHD_resume_connection(connection); // the request may be gone after this
  };
  MHD_suspend_connection(connection);
  try {
    by.ask(door, header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION), std::move(network), done);
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: {}", e.what());
    done(verdict::busy);
  }
}

} // namespace

MHD_Result http_server::callbacks::may_connect(void* server, const sockaddr*, socklen_t) noexcept {
  const auto* self = static_cast<http_server*>(server);
  return self->connections_ < self->options_.max_connections ? MHD_YES : MHD_NO;
}

void http_server::callbacks::connection_changed(void* server, MHD_Connection* connection,
                                                void** session,
                                                MHD_ConnectionNotificationCode change) noexcept {
  auto* self = static_cast<http_server*>(server);
  auto fd = socket_of(connection);
  if (change == MHD_CONNECTION_NOTIFY_CLOSED) {
    self->deadlines_.forget(fd);
    delete static_cast<session_data*>(*session);
    --self->connections_;
    self->connection_gone_.notify_one();
    return;
  }
  ++self->connections_;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
  self->expect_request(fd);
  auto* data = new (std::nothrow) session_data{self->enter()};
  *session = data;
  if (data == nullptr || !prepare(connection, *data->door))
    shutdown(fd, SHUT_RDWR);
}

void* http_server::callbacks::request_began(void*, const char* target, MHD_Connection*) noexcept {
  try {
    return new request_data{parse_request(target)};
  } catch (const std::bad_alloc&) {
    return nullptr; // handle() ends the connection
  }
}

void http_server::callbacks::request_ended(void* server, MHD_Connection* connection, void** request,
                                           MHD_RequestTerminationCode how) noexcept {
  std::unique_ptr<request_data> data{static_cast<request_data*>(std::exchange(*request, nullptr))};
  if (data == nullptr || !data->begun)
    return; // it never came whole, and the connection ends
  if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
    drop_unsent(socket_of(connection));
  static_cast<http_server*>(server)->expect_request(socket_of(connection));
}

// A response at the first call ends the connection with it, which is right for a request with a
// body.
MHD_Result http_server::callbacks::handle(void* server, MHD_Connection* connection, const char*,
                                          const char* method, const char*, const char*, size_t*,
                                          void** request) noexcept {
  auto* self = static_cast<http_server*>(server);
  auto* data = static_cast<request_data*>(*request);
  if (data == nullptr)
    return MHD_NO;
  if (!std::exchange(data->begun, true) && !has_body(connection))
    return MHD_YES;
  try {
    auto now = deadlines::clock::now();
    auto door = self->enter();
    if ((door->tls != nullptr) != self->secure_)
      return MHD_NO;
    if (data->decision == verdict::open) {
      self->deadlines_.set(socket_of(connection), now + self->options_.response_timeout);
      data->decision =
        self->access_.judge(*door, header_of(connection, MHD_HTTP_HEADER_AUTHORIZATION), now);
    }
    if (data->decision == verdict::checking) {
      check(self->access_, *door, connection, *data);
      return MHD_YES;
    }
    if (data->request)
      say_who_asks(*data->request, connection, *door);
    auto response = data->late                           ? late_answer_of(*data->late)
                    : data->decision != verdict::granted ? refusal(data->decision)
                                                         : self->answer(method, data->request);
    if (response.later) {
      wait_for(self->late_, connection, response.later, data->late);
      if (data->late)
        return MHD_YES;
      response = unavailable();
    }
    auto progress = [self, fd = socket_of(connection)] {
      self->deadlines_.set(fd, deadlines::clock::now() + self->options_.response_timeout);
    };
    return respond(connection, std::move(response), door->config.headers, progress) ? MHD_YES
                                                                                    : MHD_NO;
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: {}", e.what());
    return MHD_NO;
  }
}

int http_server::callbacks::no_certificate(gnutls_session_t, const gnutls_datum_t*, int,
                                           const gnutls_pk_algorithm_t*, int, gnutls_pcert_st**,
                                           unsigned*, gnutls_privkey_t*) noexcept {
  return -1;
}

// What libmicrohttpd has to say is about clients that misbehave.
void http_server::callbacks::log(void*, const char* format, va_list arguments) noexcept {
  std::array<char, 512> line{};
  if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0)
    return;
  std::string_view message{line.data()};
  say(spdlog::level::debug, "http: {}", message.substr(0, message.find_last_not_of("\r\n") + 1));
}

} // namespace pgstatsmon
