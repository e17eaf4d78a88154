// libpq's blocking connect, and its non-blocking requests with a limit of their own: a server that
// says nothing ends the wait.
#include "main/lint_session.hpp"

#include "actors/backend/pins.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

#include <poll.h>

namespace pgstatsmon {

namespace {

using std::chrono::steady_clock;

constexpr session_limits limits{
  .statement_timeout = 10'000, .lock_timeout = 5000, .read_only = true};

/// A little more than the server gives itself.
constexpr auto patience = std::chrono::seconds{15};

std::string text(const char* x) {
  return x == nullptr ? "" : x;
}

/// What libpq says, in one line and without the end of it.
std::string line_of(std::string message) {
  message.erase(message.find_last_not_of(" \n\r") + 1);
  return one_line(message);
}

/// `relation "x" does not exist, in its line 3`.
std::string refusal(const PGresult& of, std::string_view sql) {
  auto result = line_of(text(PQresultErrorField(&of, PG_DIAG_MESSAGE_PRIMARY)));
  auto position = text(PQresultErrorField(&of, PG_DIAG_STATEMENT_POSITION));
  size_t at = 0; // characters, from 1
  std::from_chars(position.data(), position.data() + position.size(), at);
  if (at == 0)
    return result;
  // Bytes that begin a character are what is counted.
  size_t lines = 1;
  for (auto c : sql) {
    at -= (static_cast<unsigned char>(c) & 0xc0U) == 0x80U ? 0 : 1;
    if (at == 0)
      break;
    lines += c == '\n' ? 1 : 0;
  }
  return fmt::format("{}, in its line {}", result, lines);
}

/// Waits until the socket can be read, or written when something is left to be sent.
bool wait_for(PGconn* connection, bool writes, steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  pollfd socket{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
  if (writes)
    socket.events |= POLLOUT;
  auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return poll(&socket, 1, static_cast<int>(std::max<milliseconds::rep>(left.count(), 0))) == 1;
}

} // namespace

lint_session::lint_session(const std::string& conninfo, bool with_options)
  : connection_{nullptr, PQfinish} {
  auto options = with_options ? startup_options(limits, 0) : std::string{};
  // What comes later wins; `dbname` may be a whole conninfo.
  std::array<const char*, 6> names{"connect_timeout", "application_name", "dbname",
                                   "client_encoding", "options",          nullptr};
  std::array<const char*, 6> values{"10",   "pgstatsmon --lint", conninfo.c_str(),
                                    "UTF8", options.c_str(),     nullptr};
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
}

caf::expected<lint_session> lint_session::open(const std::string& conninfo) {
  lint_session result{conninfo, true};
  // In the words of every pgbouncer.
  constexpr std::string_view refused = "unsupported startup parameter";
  if (result.trouble().find(refused) != std::string::npos) {
    lint_session plain{conninfo, false};
    if (plain.is_console())
      result = std::move(plain);
  }
  auto* connection = result.connection_.get();
  if (PQstatus(connection) != CONNECTION_OK || PQsetnonblocking(connection, 1) != 0)
    return caf::make_error(ec::connect_failed, result.trouble());
  PQsetNoticeProcessor(
    connection, [](void*, const char*) {}, nullptr);
  if (result.is_console())
    return result;
  if (auto error = result.pin())
    return error;
  return result;
}

bool lint_session::is_console() const {
  return text(PQparameterStatus(connection_.get(), "server_version")).ends_with("/bouncer");
}

caf::error lint_session::pin() {
  auto answered = ask(session_pins(limits, version(), PQbackendPID(connection_.get())));
  if (!answered)
    return std::move(answered.error());
  if (PQntuples(answered->get()) == 1 && text(PQgetvalue(answered->get(), 0, 0)) == "t")
    return caf::none;
  return caf::make_error(
    ec::connect_failed, "another process than promised answers, expected the server and no pooler");
}

std::string lint_session::name() const {
  auto* connection = connection_.get();
  return one_line(fmt::format("{}:{}/{}", text(PQhost(connection)), text(PQport(connection)),
                              text(PQdb(connection))));
}

int32_t lint_session::version() const {
  return PQserverVersion(connection_.get());
}

std::string lint_session::trouble() const {
  return line_of(text(PQerrorMessage(connection_.get())));
}

caf::expected<lint_session::result_ptr> lint_session::answer() {
  auto* connection = connection_.get();
  auto deadline = steady_clock::now() + patience;
  result_ptr last;
  for (;;) {
    auto rest = PQflush(connection);
    if (rest < 0)
      return caf::make_error(ec::connect_failed, trouble());
    if (rest == 0 && PQisBusy(connection) == 0) {
      auto* next = PQgetResult(connection);
      if (next == nullptr && last != nullptr)
        return last;
      if (next == nullptr)
        return caf::make_error(ec::connect_failed, trouble());
      last = {next, [](const PGresult* x) { PQclear(const_cast<PGresult*>(x)); }};
    } else if (!wait_for(connection, rest > 0, deadline)) {
      return caf::make_error(ec::connect_failed,
                             fmt::format("no answer within {} s", patience.count()));
    } else if (PQconsumeInput(connection) != 1) {
      return caf::make_error(ec::connect_failed, trouble());
    }
  }
}

caf::expected<lint_session::result_ptr> lint_session::ask(const std::string& sql) {
  if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0)
      != 1)
    return caf::make_error(ec::connect_failed, trouble());
  auto result = answer();
  if (result && PQresultStatus(result->get()) != PGRES_TUPLES_OK)
    return caf::make_error(ec::bad_configuration, refusal(**result, sql));
  return result;
}

caf::expected<lint_session::result_ptr> lint_session::show(const std::string& command) {
  if (PQsendQuery(connection_.get(), command.c_str()) != 1)
    return caf::make_error(ec::connect_failed, trouble());
  auto result = answer();
  if (result && PQresultStatus(result->get()) == PGRES_FATAL_ERROR)
    return caf::make_error(ec::bad_configuration, refusal(**result, command));
  if (result && PQresultStatus(result->get()) != PGRES_TUPLES_OK)
    return caf::make_error(ec::bad_configuration, std::string{"delivers no rows"});
  return result;
}

caf::expected<std::vector<result_column>> lint_session::describe(const std::string& sql) {
  auto* connection = connection_.get();
  if (PQsendPrepare(connection, "", sql.c_str(), 0, nullptr) != 1)
    return caf::make_error(ec::connect_failed, trouble());
  auto prepared = answer();
  if (!prepared)
    return std::move(prepared.error());
  if (PQresultStatus(prepared->get()) != PGRES_COMMAND_OK)
    return caf::make_error(ec::bad_configuration, refusal(**prepared, sql));
  if (PQsendDescribePrepared(connection, "") != 1)
    return caf::make_error(ec::connect_failed, trouble());
  auto shape = answer();
  if (!shape)
    return std::move(shape.error());
  if (PQresultStatus(shape->get()) != PGRES_COMMAND_OK)
    return caf::make_error(ec::bad_configuration, refusal(**shape, sql));
  if (PQnparams(shape->get()) > 0)
    return caf::make_error(ec::bad_configuration, std::string{"has a parameter, expected none"});
  std::vector<result_column> result;
  std::string types;
  for (int i = 0; i < PQnfields(shape->get()); ++i) {
    result.push_back({PQfname(shape->get(), i), {}});
    types += fmt::format("{}pg_catalog.format_type({}, NULL)", i == 0 ? "" : ", ",
                         PQftype(shape->get(), i));
  }
  if (result.empty())
    return caf::make_error(ec::bad_configuration, std::string{"delivers no rows"});
  auto named = ask("SELECT " + types);
  if (!named)
    return std::move(named.error());
  for (int i = 0; auto& x : result)
    x.type = PQgetvalue(named->get(), 0, i++);
  return result;
}

} // namespace pgstatsmon
