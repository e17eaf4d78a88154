// What browsers say of a request's origin, and what only our page can know.
#include "actors/exposition/order_check.hpp"

#include <stdexcept>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

namespace pgstatsmon {

namespace {

/// Host and port of an origin `https://host:port`; empty for `null`.
std::string_view authority_of(std::string_view origin) noexcept {
  auto at = origin.find("://");
  return at == std::string_view::npos ? std::string_view{} : origin.substr(at + 3);
}

bool is_same(std::string_view x, std::string_view y) noexcept {
  return x.size() == y.size() && gnutls_memcmp(x.data(), y.data(), x.size()) == 0;
}

} // namespace

order_tokens::order_tokens() {
  if (gnutls_rnd(GNUTLS_RND_KEY, key_.data(), key_.size()) < 0)
    throw std::runtime_error{"GnuTLS has no random numbers"};
}

std::string order_tokens::of(std::string_view user) const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<uint8_t, 32> mac{};
  if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key_.data(), key_.size(), user.data(), user.size(),
                       mac.data())
      < 0)
    throw std::runtime_error{"GnuTLS has no HMAC-SHA-256"};
  std::string result;
  for (auto byte : mac)
    result.append({digits[byte >> 4U], digits[byte & 15U]});
  return result;
}

// A proxy may end TLS, so the origin's scheme says nothing. Programs that are no browsers name no
// origin; they need the token all the same.
std::string_view order_refusal(const http_request& x, const order_tokens& tokens) {
  if (x.user.empty())
    return "orders are for users: basic_auth_users of the web configuration";
  auto site = x.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin")
    return "the order comes from another site's page";
  auto origin = x.header("origin");
  if (!origin.empty() && authority_of(origin) != x.header("host"))
    return "the order comes from another origin";
  if (!is_same(x.header(token_header), tokens.of(x.user)))
    return "the order has no token of /api/v1/orders, or an old one";
  return {};
}

} // namespace pgstatsmon
