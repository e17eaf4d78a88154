// Sessions on libpq: asynchronous calls only, and what of a server is read at once is bounded.
#include "actors/backend/pq_connection.hpp"

#include "actors/backend/certificate.hpp"
#include "actors/backend/classify.hpp"
#include "actors/backend/hash_allowance.hpp"
#include "actors/backend/read_allowance.hpp"

#include <fmt/core.h>

#include <array>
#include <ctime>
#include <string>
#include <vector>

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace pgstatsmon {

namespace {

/// For one call of libpq, in bytes: what a server can make us read beyond what it may send.
constexpr size_t read_at_once = size_t{64} << 10;

/// Rounds of SCRAM, whose number the server names: 4,096 by default, a tenth of a second here.
constexpr size_t max_hashes = 100'000;

/// Reads per receive(): bounds how long one backend keeps an actor thread.
constexpr int max_reads = 64;

/// CPU time per receive(), for the same reason: what is read may take long to take in.
constexpr std::chrono::milliseconds max_time{20};

std::chrono::nanoseconds cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

std::string text(const char* x) {
  return x == nullptr ? std::string{} : std::string{x};
}

/// Keeps what libpq needs to know of a connection to cancel what it runs.
class pq_canceller final : public canceller {
public:
  using handle = std::unique_ptr<PGcancel, decltype(&PQfreeCancel)>;

  explicit pq_canceller(handle request) : request_{std::move(request)} {}

  void send() const override {
    std::array<char, 256> reason{};
    PQcancel(request_.get(), reason.data(), reason.size());
  }

private:
  handle request_;
};

session_error error_of(const PGresult* said) {
  auto state = text(PQresultErrorField(said, PG_DIAG_SQLSTATE));
  auto message = text(PQresultErrorField(said, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty())
    message = text(PQresultErrorMessage(said));
  return {classify_sqlstate(state), state, join_lines(message)};
}

} // namespace

std::shared_ptr<const PGresult> share(PGresult* x) {
  if (x == nullptr)
    return nullptr;
  return {x, [](const PGresult* y) { PQclear(const_cast<PGresult*>(y)); }};
}

connect_progress pq_connection::connect(const connect_parameters& parameters) {
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
    return session_error{.reason = failure::other, .message = "out of memory"};
  PQsetNoticeReceiver(connection_.get(), &pq_connection::on_notice, this);
  // The only way to a refusal's SQLSTATE, and a server may speak any language.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  // From the first packet on: of a server that asks and asks and takes no answer, libpq would
  // wait for the socket, and read on meanwhile.
  if (PQsetnonblocking(connection_.get(), 1) != 0 || PQstatus(connection_.get()) == CONNECTION_BAD)
    return connect_error();
  return connecting{interest::write};
}

connect_progress pq_connection::advance() {
  auto begin = cpu_time();
  read_allowance reading{read_at_once};
  hash_allowance hashing{max_hashes};
  auto state = PQconnectPoll(connection_.get());
  if (hashing.exceeded())
    return session_error{.reason = failure::too_large,
                         .message = fmt::format("the server asks for more than {} rounds of SCRAM "
                                                "(scram_iterations)",
                                                max_hashes)};
  if (auto error = count(reading.used(), cpu_time() - begin))
    return *error;
  switch (state) {
  case PGRES_POLLING_READING: return connecting{interest::read};
  case PGRES_POLLING_WRITING: return connecting{interest::write};
  case PGRES_POLLING_OK: break;
  default: return connect_error();
  }
  if (!enter_mode())
    return connect_error();
  return established{};
}

int pq_connection::socket() const {
  return connection_ == nullptr ? -1 : PQsocket(connection_.get());
}

int pq_connection::leave() {
  auto own = socket();
  auto copy = own < 0 ? -1 : fcntl(own, F_DUPFD_CLOEXEC, 0);
  connection_.reset();
  // Whoever has only begun to connect is not told by libpq.
  if (copy >= 0)
    shutdown(copy, SHUT_WR);
  return copy;
}

server_facts pq_connection::facts() const {
  auto standby = text(PQparameterStatus(connection_.get(), "in_hot_standby"));
  auto role = server_role::unknown;
  if (standby == "on")
    role = server_role::standby;
  else if (standby == "off")
    role = server_role::primary;
  // Only the console of a pgbouncer says so: 1.18.0/bouncer.
  if (text(PQparameterStatus(connection_.get(), "server_version")).ends_with("/bouncer"))
    role = server_role::pgbouncer;
  return {.version = PQserverVersion(connection_.get()),
          .role = role,
          .process = PQbackendPID(connection_.get()),
          .certificate_end = tls() == nullptr ? std::nullopt : certificate_end(tls())};
}

std::optional<session_error> pq_connection::receive(const result_handler& on_result) {
  if (sending_)
    if (auto error = flush())
      return error;
  auto begin = cpu_time();
  auto now = begin;
  for (int reads = 1;; ++reads) {
    read_allowance reading{read_at_once};
    if (PQconsumeInput(connection_.get()) != 1)
      return broken();
    if (auto error = collect(on_result))
      return error;
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

canceller_ptr pq_connection::cancellation() const {
  if (connection_ == nullptr || pending_ == 0)
    return nullptr;
  pq_canceller::handle request{PQgetCancel(connection_.get()), PQfreeCancel};
  return request == nullptr ? nullptr : std::make_shared<const pq_canceller>(std::move(request));
}

void pq_connection::begin_flight(size_t statements) {
  next_ = 0;
  pending_ = statements;
  current_ = {};
  budget_.begin_poll();
}

void pq_connection::take_error(const PGresult& said) {
  current_.rows = nullptr;
  if (!current_.error)
    current_.error = error_of(&said);
}

void pq_connection::complete(const result_handler& on_result) {
  current_.index = next_++;
  --pending_;
  budget_.begin_query();
  on_result(std::exchange(current_, {}));
}

std::optional<session_error> pq_connection::flush() {
  auto rest = PQflush(connection_.get());
  if (rest < 0)
    return broken();
  sending_ = rest == 1;
  return std::nullopt;
}

const SSL* pq_connection::tls() const {
  return static_cast<const SSL*>(PQsslStruct(connection_.get(), "OpenSSL"));
}

bool pq_connection::held_by_tls() const {
  return tls() != nullptr && SSL_pending(tls()) > 0;
}

std::optional<session_error> pq_connection::count(uint64_t bytes, std::chrono::nanoseconds time) {
  if (auto crossed = budget_.count(bytes, time))
    return session_error{.reason = failure::too_large, .message = std::move(*crossed)};
  return std::nullopt;
}

session_error pq_connection::connect_error() const {
  auto said = parse_connect_error(text(PQerrorMessage(connection_.get())));
  return {said.reason, said.sqlstate, said.message};
}

/// The server's last words, when there were any, say more than a closed socket.
session_error pq_connection::broken() const {
  const auto& words = current_.error ? current_.error : last_words_;
  if (words) {
    auto ended = classify_sqlstate(words->sqlstate) == failure::ended;
    return {ended ? failure::ended : failure::network, words->sqlstate, words->message};
  }
  return {.reason = failure::network,
          .message = join_lines(text(PQerrorMessage(connection_.get())))};
}

void pq_connection::on_notice(void* self, const PGresult* said) {
  auto severity = text(PQresultErrorField(said, PG_DIAG_SEVERITY_NONLOCALIZED));
  if (severity == "FATAL" || severity == "PANIC" || severity == "ERROR")
    static_cast<pq_connection*>(self)->last_words_ = error_of(said);
}

} // namespace pgstatsmon
