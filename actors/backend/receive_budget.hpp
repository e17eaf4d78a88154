// What a server may send us: bounds for a query, for a poll, and for all polls together.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pgstatsmon {

/// Bounds on what is read from servers, in bytes, TLS's own and libpq's included.
struct receive_limits {
  uint64_t query = 16ULL << 20;  ///< For one statement's result.
  uint64_t poll = 64ULL << 20;   ///< For all results of one poll.
  uint64_t fleet = 256ULL << 20; ///< For all polls under way.

  friend bool operator==(const receive_limits&, const receive_limits&) = default;
};

/// Bytes that have come for the polls under way, of all sessions. Any thread.
using fleet_bytes = std::atomic<uint64_t>;

/// Counts what one session reads. For one thread at a time.
///
/// Between polls a server has next to nothing to say, but libpq keeps every parameter that it tells
/// us: so what comes then, and while connecting, has a bound for the session's whole life.
class receive_budget {
public:
  /// For a session's life, outside polls.
  static constexpr uint64_t chatter_limit = 256ULL << 10;

  /// Of our CPU, to read one poll, or what comes outside polls: libpq looks through all parameters
  /// that a server has told it for each one that it tells.
  static constexpr std::chrono::nanoseconds time_limit = std::chrono::seconds{1};

  explicit receive_budget(std::shared_ptr<fleet_bytes> fleet);
  receive_budget(const receive_budget&) = delete;
  receive_budget& operator=(const receive_budget&) = delete;
  ~receive_budget();

  void limit(const receive_limits& x) noexcept { limits_ = x; }

  void begin_poll() noexcept;
  void end_poll() noexcept;

  /// What comes now belongs to the next statement.
  void begin_query() noexcept { query_ = 0; }

  /// Counts bytes and the CPU time that reading them took.
  /// @returns which bound is crossed, as a sentence.
  std::optional<std::string> count(uint64_t bytes, std::chrono::nanoseconds time);

private:
  receive_limits limits_;
  std::shared_ptr<fleet_bytes> fleet_;
  bool polling_ = false;
  uint64_t query_ = 0;
  uint64_t poll_ = 0;
  uint64_t chatter_ = 0;
  std::chrono::nanoseconds time_{0};
};

} // namespace pgstatsmon
