// HMAC-SHA-256 over what can't be confused.
#include "actors/exposition/password_memory.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

namespace pgstatsmon {

namespace {

/// Appends a text behind its length: "ab" + "c" is not "a" + "bc".
void append(std::string& to, std::string_view x) {
  to += std::to_string(x.size());
  to += ':';
  to += x;
}

} // namespace

password_memory::password_memory(size_t max) : max_{max} {
  if (gnutls_rnd(GNUTLS_RND_KEY, key_.data(), key_.size()) < 0)
    throw std::runtime_error{"GnuTLS has no random numbers"};
}

password_memory::digest password_memory::name_of(std::string_view user, std::string_view hash,
                                                 std::string_view password) const {
  std::string text;
  for (auto x : {user, hash, password})
    append(text, x);
  return mac(text);
}

size_t password_memory::pick(std::string_view text, size_t n) const {
  auto x = mac(text);
  uint32_t number = 0;
  std::memcpy(&number, x.data(), sizeof(number));
  return number % n;
}

bool password_memory::knows(const digest& x) const {
  std::lock_guard guard{mutex_};
  return known_.contains(x);
}

void password_memory::remember(const digest& x) {
  std::lock_guard guard{mutex_};
  if (!known_.insert(x).second)
    return;
  oldest_.push_back(x);
  if (oldest_.size() > max_) {
    known_.erase(oldest_.front());
    oldest_.pop_front();
  }
}

password_memory::digest password_memory::mac(std::string_view text) const {
  digest result{};
  if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), text.data(), text.size(),
                       result.data())
      < 0)
    throw std::runtime_error{"GnuTLS has no HMAC-SHA-256"};
  return result;
}

} // namespace pgstatsmon
