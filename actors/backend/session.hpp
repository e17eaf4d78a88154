// A session: one connection to a PostgreSQL server, without actors, threads or timers.
#pragma once

#include "actors/backend/receive_budget.hpp"
#include "config/connect_parameters.hpp"
#include "messages/backend.hpp"
#include "messages/error.hpp"
#include "messages/samples.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/epoll.h>

namespace pgstatsmon {

/// Why a session could not go on, or why a statement failed.
struct session_error {
  failure reason = failure::other;
  std::string sqlstate{}; ///< Five characters, empty when the server said nothing.
  std::string message{};  ///< One line, without secrets.

  friend bool operator==(const session_error&, const session_error&) = default;
};

/// What the socket must be ready for before the session can go on.
enum class interest : uint8_t { read, write, read_write };

/// The epoll events that it means.
constexpr uint32_t epoll_events(interest x) noexcept {
  switch (x) {
  case interest::read: return EPOLLIN;
  case interest::write: return EPOLLOUT;
  case interest::read_write: return EPOLLIN | EPOLLOUT;
  }
  return EPOLLIN;
}

/// Connecting goes on once the socket is ready.
struct connecting {
  interest wants = interest::read;
};

/// The session can be used.
struct established {};

/// How far connecting is.
using connect_progress = std::variant<connecting, established, session_error>;

/// What a server says of itself without being asked (ParameterStatus).
struct server_facts {
  int32_t version = 0;                     ///< `server_version_num`, as 150018.
  server_role role = server_role::unknown; ///< Unknown before PostgreSQL 14, which does not say.
  int32_t process = 0; ///< Of the server, for cancel requests. Poolers make one up.

  /// When the server's certificate ends; nothing without TLS.
  std::optional<std::chrono::sys_seconds> certificate_end{};

  friend bool operator==(const server_facts&, const server_facts&) = default;
};

/// A statement of a flight. Those up to the next Sync are one transaction: the first that fails
/// ends it, and the server skips the others.
struct statement {
  std::string pins{};   ///< Runs before it and within the same Sync, which an error of it ends.
  std::string name{};   ///< Of the prepared statement; empty: the server does not keep it.
  std::string sql{};    ///< Empty, with an empty name: a lone Sync.
  bool prepare = false; ///< Prepare `sql` as `name` first.
  bool sync = true;     ///< A Sync follows it. The last of a flight has one.

  friend bool operator==(const statement&, const statement&) = default;
};

/// What became of a statement.
struct statement_result {
  size_t index = 0;                      ///< In the flight.
  std::shared_ptr<const pg_result> rows; ///< Null when it failed or returns no rows.
  bool prepared = false;                 ///< The server has prepared it, whatever came then.
  std::optional<session_error> error;
  bool skipped = false; ///< Another's error within the same Sync came before it.
};

/// Gets every result that is complete, in order.
using result_handler = std::function<void(statement_result)>;

/// A cancel request that can be sent from any thread while the session lives and after.
class canceller {
public:
  canceller() = default;
  canceller(const canceller&) = delete;
  canceller& operator=(const canceller&) = delete;
  virtual ~canceller() = default;

  /// Blocks for as long as connecting to the server takes, which `tcp_user_timeout` bounds: for
  /// threads that may block. Whether it has worked is not told.
  virtual void send() const = 0;
};

/// One connection. No call blocks. All calls come from one actor.
class session {
public:
  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  virtual ~session() = default;

  /// Bounds what the server may send; call it before connect(). A server that crosses a bound ends
  /// the session with failure::too_large.
  virtual void limit(const receive_limits&) {}

  /// Begins to connect. Call advance() whenever the socket is ready.
  virtual connect_progress connect(const connect_parameters& parameters) = 0;

  /// Goes on connecting.
  virtual connect_progress advance() = 0;

  /// The socket; may be another one after each advance(). -1 when there is none.
  [[nodiscard]] virtual int socket() const = 0;

  [[nodiscard]] virtual server_facts facts() const = 0;

  /// Sends all statements in one go, in pipeline mode. The last flight must be over.
  /// @returns an error when the connection is unusable.
  virtual std::optional<session_error> send(const std::vector<statement>& flight) = 0;

  /// True while bytes wait for the socket to take them: wait for read_write.
  [[nodiscard]] virtual bool sending() const = 0;

  /// Statements of the flight whose result has not come yet.
  [[nodiscard]] virtual size_t pending() const = 0;

  /// Sends what waits, reads what is there, and hands out results. May be called while nothing is
  /// pending: it then takes what the server says unasked.
  /// @returns an error when the connection is unusable, or the server has crossed a bound.
  virtual std::optional<session_error> receive(const result_handler& on_result) = 0;

  /// Says goodbye; of the other calls only the destructor may follow.
  /// @returns a descriptor that the caller closes, on which the other side's end of the connection
  /// is seen: then the server has no such session any more. -1 when there is nothing to wait for.
  virtual int leave() { return -1; }

  /// A request to cancel what runs now; null when nothing runs.
  [[nodiscard]] virtual canceller_ptr cancellation() const = 0;
};

/// Makes a session that is not connected.
using session_factory = std::function<std::unique_ptr<session>()>;

} // namespace pgstatsmon
