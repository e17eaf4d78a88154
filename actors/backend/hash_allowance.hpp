// How much a thread hashes for a password, counted and bounded where a library does the hashing.
#pragma once

#include <cstddef>

namespace pgstatsmon {

/// While it lives, OpenSSL begins at most so many HMACs on this thread, then says that it fails.
///
/// A server names the rounds of SCRAM (RFC 5802, "i="), up to 2^31, and libpq does them all in one
/// PQconnectPoll(): an hour in which this thread serves nobody. One at a time for each thread; of
/// other threads and of the time before and after, nothing changes.
class hash_allowance {
public:
  /// @param hashes More than 0; a round of SCRAM is one, and a few come on top.
  explicit hash_allowance(size_t hashes) noexcept;
  ~hash_allowance();
  hash_allowance(const hash_allowance&) = delete;
  hash_allowance& operator=(const hash_allowance&) = delete;

  /// Whether one was refused.
  [[nodiscard]] bool exceeded() const noexcept { return exceeded_; }

  /// Whether this thread may begin one more.
  bool take() noexcept;

private:
  size_t left_;
  bool exceeded_ = false;
};

} // namespace pgstatsmon
