// The session on libpq.
#include "actors/backend/pq_session.hpp"

#include "actors/backend/certificate.hpp"
#include "actors/backend/classify.hpp"
#include "actors/backend/read_allowance.hpp"

#include <array>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

/// For one call of libpq, in bytes: what a server can make us read beyond what it may send.
constexpr size_t read_at_once = size_t{64} << 10;

/// Reads per receive(): bounds how long one backend keeps an actor thread.
constexpr int max_reads = 64;

/// CPU time per receive(), for the same reason: what is read may take long to take in.
constexpr std::chrono::milliseconds max_time{20};

std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

std::shared_ptr<const pg_result> share(PGresult* x) {
  return {x, [](const pg_result* y) { PQclear(const_cast<PGresult*>(y)); }};
}

std::string text(const char* x) {
  return x == nullptr ? std::string{} : std::string{x};
}

session_error error_of(const PGresult* x) {
  auto state = text(PQresultErrorField(x, PG_DIAG_SQLSTATE));
  auto message = text(PQresultErrorField(x, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty())
    message = text(PQresultErrorMessage(x));
  return {classify_sqlstate(state), state, join_lines(message)};
}

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

class pq_session final : public session {
public:
  explicit pq_session(std::shared_ptr<fleet_bytes> fleet) : budget_{std::move(fleet)} {}

  void limit(const receive_limits& x) override { budget_.limit(x); }

  connect_progress connect(const connect_parameters& parameters) override {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
      keywords.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (connection_ == nullptr)
      return {false, {}, session_error{failure::other, {}, "out of memory"}};
    PQsetNoticeReceiver(connection_.get(), &pq_session::on_notice, this);
    // The only way to a refusal's SQLSTATE, and a server may speak any language.
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    // From the first packet on: of a server that asks and asks and takes no answer, libpq would
    // wait for the socket, and read on meanwhile.
    if (PQsetnonblocking(connection_.get(), 1) != 0
        || PQstatus(connection_.get()) == CONNECTION_BAD)
      return {false, {}, connect_error()};
    return {false, interest::write, std::nullopt};
  }

  connect_progress advance() override {
    auto begin = cpu_time();
    read_allowance reading{read_at_once};
    auto state = PQconnectPoll(connection_.get());
    if (auto error = count(reading.used(), cpu_time() - begin))
      return {false, {}, error};
    switch (state) {
    case PGRES_POLLING_READING: return {false, interest::read, std::nullopt};
    case PGRES_POLLING_WRITING: return {false, interest::write, std::nullopt};
    case PGRES_POLLING_OK: break;
    default: return {false, {}, connect_error()};
    }
    if (PQenterPipelineMode(connection_.get()) != 1)
      return {false, {}, connect_error()};
    return {true, interest::read, std::nullopt};
  }

  [[nodiscard]] int socket() const override {
    return connection_ == nullptr ? -1 : PQsocket(connection_.get());
  }

  int leave() override {
    auto own = socket();
    auto copy = own < 0 ? -1 : fcntl(own, F_DUPFD_CLOEXEC, 0);
    connection_.reset();
    // Whoever has only begun to connect is not told by libpq.
    if (copy >= 0)
      shutdown(copy, SHUT_WR);
    return copy;
  }

  [[nodiscard]] server_facts facts() const override {
    auto standby = text(PQparameterStatus(connection_.get(), "in_hot_standby"));
    auto role = server_role::unknown;
    if (standby == "on")
      role = server_role::standby;
    else if (standby == "off")
      role = server_role::primary;
    return {PQserverVersion(connection_.get()), role, PQbackendPID(connection_.get()),
            tls() == nullptr ? std::nullopt : certificate_end(tls())};
  }

  std::optional<session_error> send(const std::vector<statement>& flight) override {
    cork held{socket()};
    next_ = 0;
    pending_ = flight.size();
    current_ = {};
    pinned_.clear();
    for (const auto& each : flight)
      pinned_.push_back(!each.pins.empty());
    budget_.begin_poll();
    for (const auto& x : flight)
      if (!send(x))
        return broken();
    return flush();
  }

  [[nodiscard]] bool sending() const override { return sending_; }

  [[nodiscard]] size_t pending() const override { return pending_; }

  std::optional<session_error> receive(const result_handler& on_result) override {
    if (sending_)
      if (auto error = flush())
        return error;
    auto begin = cpu_time();
    auto now = begin;
    for (int reads = 1;; ++reads) {
      read_allowance reading{read_at_once};
      if (PQconsumeInput(connection_.get()) != 1)
        return broken();
      collect(on_result);
      if (PQstatus(connection_.get()) == CONNECTION_BAD)
        return broken();
      auto read_since = std::exchange(now, cpu_time());
      if (auto error = count(reading.used(), now - read_since))
        return error;
      // What TLS holds back already has left the socket, so nothing would wake us for it.
      auto enough = reads >= max_reads || now - begin > max_time || reading.drained();
      if (enough && !held_by_tls())
        break;
    }
    if (pending_ == 0)
      budget_.end_poll();
    return std::nullopt;
  }

  [[nodiscard]] cancel_ptr cancellation() const override {
    if (connection_ == nullptr || pending_ == 0)
      return nullptr;
    return {PQgetCancel(connection_.get()), PQfreeCancel};
  }

private:
  bool send(const statement& x) {
    auto* c = connection_.get();
    if (!x.pins.empty()
        && PQsendQueryParams(c, x.pins.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
      return false;
    if (x.prepare && PQsendPrepare(c, x.name.c_str(), x.sql.c_str(), 0, nullptr) != 1)
      return false;
    if (!x.name.empty()) {
      if (PQsendQueryPrepared(c, x.name.c_str(), 0, nullptr, nullptr, nullptr, 0) != 1)
        return false;
    } else if (!x.sql.empty()) {
      if (PQsendQueryParams(c, x.sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
        return false;
    }
    return PQpipelineSync(c) == 1;
  }

  std::optional<session_error> flush() {
    auto rest = PQflush(connection_.get());
    if (rest < 0)
      return broken();
    sending_ = rest == 1;
    return std::nullopt;
  }

  void collect(const result_handler& on_result) {
    auto* c = connection_.get();
    // Handles ParameterStatus and FATAL messages also while nothing is pending.
    auto busy = PQisBusy(c) != 0;
    auto ends = 0;
    while (!busy && pending_ > 0 && ends < 2) {
      auto* result = PQgetResult(c);
      ends = result == nullptr ? ends + 1 : 0;
      if (result != nullptr)
        take(share(result), on_result);
      busy = PQisBusy(c) != 0;
    }
  }

  void take(std::shared_ptr<const pg_result> result, const result_handler& on_result) {
    switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK:
      // The first rows are the pins'.
      if (pinned_[next_])
        pinned_[next_] = false;
      else
        current_.rows = std::move(result);
      break;
    case PGRES_FATAL_ERROR:
      current_.rows = nullptr;
      if (!current_.error)
        current_.error = error_of(result.get());
      break;
    case PGRES_PIPELINE_SYNC:
      current_.index = next_++;
      --pending_;
      budget_.begin_query();
      on_result(std::exchange(current_, {}));
      break;
    case PGRES_COMMAND_OK: current_.prepared = true; break;
    default: break; // what a failure made the server skip
    }
  }

  /// Null without TLS.
  [[nodiscard]] const SSL* tls() const {
    return static_cast<const SSL*>(PQsslStruct(connection_.get(), "OpenSSL"));
  }

  [[nodiscard]] bool held_by_tls() const { return tls() != nullptr && SSL_pending(tls()) > 0; }

  std::optional<session_error> count(uint64_t bytes, std::chrono::nanoseconds time) {
    if (auto crossed = budget_.count(bytes, time))
      return session_error{failure::too_large, {}, std::move(*crossed)};
    return std::nullopt;
  }

  [[nodiscard]] session_error connect_error() const {
    auto said = parse_connect_error(text(PQerrorMessage(connection_.get())));
    return {said.reason, said.sqlstate, said.message};
  }

  /// The server's last words, when there were any, say more than a closed socket.
  [[nodiscard]] session_error broken() const {
    const auto& words = current_.error ? current_.error : last_words_;
    if (words)
      return {failure::network, words->sqlstate, words->message};
    return {failure::network, {}, join_lines(text(PQerrorMessage(connection_.get())))};
  }

  static void on_notice(void* self, const PGresult* x) {
    auto severity = text(PQresultErrorField(x, PG_DIAG_SEVERITY_NONLOCALIZED));
    if (severity == "FATAL" || severity == "PANIC" || severity == "ERROR")
      static_cast<pq_session*>(self)->last_words_ = error_of(x);
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, PQfinish};
  bool sending_ = false;
  size_t pending_ = 0;
  size_t next_ = 0;
  std::vector<bool> pinned_; ///< By statement of the flight: the rows of its pins are to come.
  receive_budget budget_;
  statement_result current_;
  std::optional<session_error> last_words_;
};

} // namespace

session_factory pq_sessions() {
  return [fleet = std::make_shared<fleet_bytes>(0)] { return std::make_unique<pq_session>(fleet); };
}

void send_cancel(const cancel_ptr& request) {
  std::array<char, 256> reason{};
  PQcancel(request.get(), reason.data(), reason.size());
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
  return text(verifier.get());
}

} // namespace pgstatsmon
