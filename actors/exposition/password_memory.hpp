// Passwords that were found right: a scrape must not cost a bcrypt each time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string_view>

namespace pgstatsmon {

/// Remembers that a password was right for a user and a hash, without the password: by an HMAC
/// under a key that exists in this object only. Bounded: the oldest is forgotten. Any thread.
class password_memory {
public:
  using digest = std::array<uint8_t, 32>;

  /// @param max At least 1.
  explicit password_memory(size_t max = 256);

  /// Names a user, a hash and a password. A changed hash is another name.
  [[nodiscard]] digest name_of(std::string_view user, std::string_view hash,
                               std::string_view password) const;

  /// A number below n that depends on the text and the key, always the same for one text.
  /// @param n At least 1.
  [[nodiscard]] size_t pick(std::string_view text, size_t n) const;

  [[nodiscard]] bool knows(const digest& x) const;
  void remember(const digest& x);

private:
  [[nodiscard]] digest mac(std::string_view text) const;

  std::array<uint8_t, 32> key_{};
  size_t max_;
  mutable std::mutex mutex_;
  std::set<digest> known_;
  std::deque<digest> oldest_;
};

} // namespace pgstatsmon
