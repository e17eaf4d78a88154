// The session on libpq's pipeline mode.
#include "actors/backend/pq_session.hpp"

#include "actors/backend/pq_connection.hpp"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

/// Holds small packets back while a flight is being written: libpq 15 flushes at every Sync.
class cork {
public:
  explicit cork(int socket) : socket_{socket} { set(1); }
  ~cork() { set(0); }
  cork(const cork&) = delete;
  cork& operator=(const cork&) = delete;

private:
  // Fails on a Unix socket, which does not need it.
  void set(int on) const { setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)); }

  int socket_;
};

/// Whether the server ends the session with it, or libpq says that it has.
bool ends_session(const PGresult& said) {
  const auto* severity = PQresultErrorField(&said, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr)
    severity = PQresultErrorField(&said, PG_DIAG_SEVERITY);
  std::string_view text = severity == nullptr ? "" : severity;
  return text.empty() || text == "FATAL" || text == "PANIC";
}

class pq_session final : public pq_connection {
public:
  using pq_connection::pq_connection;

  std::optional<session_error> send(const std::vector<statement>& flight) override {
    cork held{socket()};
    begin_flight(flight.size());
    parts_.clear();
    for (const auto& each : flight)
      parts_.push_back(
        {.pinned = !each.pins.empty(), .commands = commands_of(each), .sync = each.sync});
    for (const auto& each : flight)
      if (!send(each))
        return broken();
    return flush();
  }

protected:
  bool enter_mode() override { return PQenterPipelineMode(native()) == 1; }

  std::optional<session_error> collect(const result_handler& on_result) override {
    auto* connection = native();
    // Handles ParameterStatus and FATAL messages also while nothing is pending.
    auto busy = PQisBusy(connection) != 0;
    auto ends = 0;
    while (!busy && pending() > 0 && ends < 2) {
      auto* result = PQgetResult(connection);
      ends = result == nullptr ? ends + 1 : 0;
      if (result != nullptr)
        take(share(result), on_result);
      else if (std::exchange(in_command_, false))
        end_command(on_result);
      busy = PQisBusy(connection) != 0;
    }
    return std::nullopt;
  }

private:
  /// What is to come for a statement of the flight.
  struct part {
    bool pinned = false; ///< The rows of its pins.
    size_t commands = 0; ///< So many commands end.
    bool sync = true;    ///< Its Sync, with which it is complete.
  };

  static size_t commands_of(const statement& what) {
    return (what.pins.empty() ? 0u : 1u) + (what.prepare ? 1u : 0u)
           + (what.name.empty() && what.sql.empty() ? 0u : 1u);
  }

  bool send(const statement& what) {
    auto* connection = native();
    if (!what.pins.empty()
        && PQsendQueryParams(connection, what.pins.c_str(), 0, nullptr, nullptr, nullptr, nullptr,
                             0)
             != 1)
      return false;
    if (what.prepare
        && PQsendPrepare(connection, what.name.c_str(), what.sql.c_str(), 0, nullptr) != 1)
      return false;
    if (!what.name.empty()) {
      if (PQsendQueryPrepared(connection, what.name.c_str(), 0, nullptr, nullptr, nullptr, 0) != 1)
        return false;
    } else if (!what.sql.empty()) {
      if (PQsendQueryParams(connection, what.sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0)
          != 1)
        return false;
    }
    return !what.sync || PQpipelineSync(connection) == 1;
  }

  void take(std::shared_ptr<const PGresult> result, const result_handler& on_result) {
    auto status = PQresultStatus(result.get());
    in_command_ = status != PGRES_PIPELINE_SYNC;
    switch (status) {
    case PGRES_TUPLES_OK:
      // The first rows are the pins'.
      if (parts_[next()].pinned)
        parts_[next()].pinned = false;
      else
        take_rows(std::move(result));
      break;
    case PGRES_FATAL_ERROR:
      take_error(*result);
      // Then it is no statement that failed.
      ending_ = ending_ || ends_session(*result);
      break;
    case PGRES_PIPELINE_SYNC: end_group(on_result); break;
    case PGRES_COMMAND_OK: take_prepared(); break;
    case PGRES_PIPELINE_ABORTED: take_skipped(); break;
    default: break;
    }
  }

  void end_command(const result_handler& on_result) {
    auto& current = parts_[next()];
    if (current.commands > 0 && --current.commands == 0 && !current.sync && !ending_)
      complete(on_result);
  }

  /// Whatever was to come before a Sync does not come after it.
  void end_group(const result_handler& on_result) {
    ending_ = false;
    while (pending() > 1 && !parts_[next()].sync)
      complete(on_result);
    complete(on_result);
  }

  std::vector<part> parts_; ///< By statement of the flight.
  bool in_command_ = false; ///< Results of a command came, and not its end.
  bool ending_ = false;     ///< The session is, unless a Sync is answered all the same.
};

} // namespace

session_factory pq_sessions(std::shared_ptr<fleet_bytes> fleet) {
  return [fleet = std::move(fleet)] { return std::make_unique<pq_session>(fleet); };
}

std::string password_verifier(const std::string& user, std::string_view password, int32_t version) {
  const auto* algorithm = version >= 100000 ? "scram-sha-256" : "md5";
  // libpq wants a connection, for its complaints only. One with a keyword that it refuses never
  // looks for a server.
  std::array<const char*, 2> keywords{"nowhere", nullptr};
  std::array<const char*, 2> values{"", nullptr};
  std::unique_ptr<PGconn, decltype(&PQfinish)> nowhere{
    PQconnectStartParams(keywords.data(), values.data(), 0), PQfinish};
  std::unique_ptr<char, decltype(&PQfreemem)> verifier{
    PQencryptPasswordConn(nowhere.get(), std::string{password}.c_str(), user.c_str(), algorithm),
    PQfreemem};
  return verifier ? std::string{verifier.get()} : std::string{};
}

} // namespace pgstatsmon
