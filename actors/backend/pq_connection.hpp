// What sessions on libpq have in common, whichever protocol their statements take.
#pragma once

#include "actors/backend/session.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <libpq-fe.h>

struct ssl_st; // OpenSSL's SSL

namespace pgstatsmon {

/// A connection of libpq, without a word about how statements are sent and answers taken apart.
class pq_connection : public session {
public:
  explicit pq_connection(std::shared_ptr<fleet_bytes> fleet) : budget_{std::move(fleet)} {}

  void limit(const receive_limits& x) override { budget_.limit(x); }
  connect_progress connect(const connect_parameters& parameters) override;
  connect_progress advance() override;
  [[nodiscard]] int socket() const override;
  int leave() override;
  [[nodiscard]] server_facts facts() const override;
  [[nodiscard]] bool sending() const override { return sending_; }
  [[nodiscard]] size_t pending() const override { return pending_; }
  std::optional<session_error> receive(const result_handler& on_result) override;
  [[nodiscard]] canceller_ptr cancellation() const override;

protected:
  /// The connection has just been made: what statements need of it. False when it can't be used so.
  virtual bool enter_mode() = 0;

  /// Hands out what is complete, and goes on sending where the protocol wants to.
  /// @returns an error when the connection is unusable.
  virtual std::optional<session_error> collect(const result_handler& on_result) = 0;

  /// A flight of so many statements begins.
  void begin_flight(size_t statements);

  /// Part of the answer to the statement whose turn it is.
  void take_rows(std::shared_ptr<const PGresult> rows) { current_.rows = std::move(rows); }
  void take_prepared() { current_.prepared = true; }
  void take_error(const PGresult& said);
  void take_skipped() { current_.skipped = !current_.error; }

  /// The answer to it is complete.
  void complete(const result_handler& on_result);

  /// The statement whose turn it is.
  [[nodiscard]] size_t next() const noexcept { return next_; }

  std::optional<session_error> flush();

  /// Why the connection can't be used any more.
  [[nodiscard]] session_error broken() const;

  [[nodiscard]] PGconn* native() const noexcept { return connection_.get(); }

private:
  /// Null without TLS.
  [[nodiscard]] const ssl_st* tls() const;
  [[nodiscard]] bool held_by_tls() const;
  std::optional<session_error> count(uint64_t bytes, std::chrono::nanoseconds time);
  [[nodiscard]] session_error connect_error() const;
  static void on_notice(void* self, const PGresult* said);

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, PQfinish};
  bool sending_ = false;
  size_t pending_ = 0;
  size_t next_ = 0;
  receive_budget budget_;
  statement_result current_;
  std::optional<session_error> last_words_;
};

/// A result that frees itself.
std::shared_ptr<const PGresult> share(PGresult* x);

} // namespace pgstatsmon
