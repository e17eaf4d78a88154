// The tables, and a priority string made from them.
#include "config/tls_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgstatsmon {

namespace {

// What Go's tls.CipherSuites() has, or had: those with an RSA key exchange until Go 1.22.
constexpr std::array<cipher_suite, 17> suites{{
  {"TLS_AES_128_GCM_SHA256", "", "AES-128-GCM", "AEAD"},
  {"TLS_AES_256_GCM_SHA384", "", "AES-256-GCM", "AEAD"},
  {"TLS_CHACHA20_POLY1305_SHA256", "", "CHACHA20-POLY1305", "AEAD"},
  {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1"},
  {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1"},
  {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1"},
  {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1"},
  {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD"},
  {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD"},
  {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD"},
  {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD"},
  {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"},
  {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"},
  {"TLS_RSA_WITH_AES_128_CBC_SHA", "RSA", "AES-128-CBC", "SHA1"},
  {"TLS_RSA_WITH_AES_256_CBC_SHA", "RSA", "AES-256-CBC", "SHA1"},
  {"TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA", "AES-128-GCM", "AEAD"},
  {"TLS_RSA_WITH_AES_256_GCM_SHA384", "RSA", "AES-256-GCM", "AEAD"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> curves{{
  {"CurveP256", "GROUP-SECP256R1"},
  {"CurveP384", "GROUP-SECP384R1"},
  {"CurveP521", "GROUP-SECP521R1"},
  {"X25519", "GROUP-X25519"},
}};

constexpr std::array<std::string_view, 4> versions{"VERS-TLS1.0", "VERS-TLS1.1", "VERS-TLS1.2",
                                                   "VERS-TLS1.3"};

using words = std::vector<std::string_view>;

void add(words& to, std::string_view word) {
  if (!word.empty() && std::ranges::find(to, word) == to.end())
    to.push_back(word);
}

/// The parts of suites, each once, in the order of the list.
struct suite_parts {
  explicit suite_parts(const std::vector<std::string>& names) {
    for (const auto& name : names)
      if (const auto* suite = find_cipher_suite(name)) {
        add(key_exchanges, suite->key_exchange);
        add(ciphers, suite->cipher);
        add(macs, suite->mac);
      }
  }

  words key_exchanges, ciphers, macs;
};

bool contains(const words& in, std::string_view word) {
  return std::ranges::find(in, word) != in.end();
}

} // namespace

const cipher_suite* find_cipher_suite(std::string_view name) noexcept {
  const auto* i = std::ranges::find(suites, name, &cipher_suite::name);
  return i == suites.end() ? nullptr : i;
}

std::string_view group_of_curve(std::string_view name) noexcept {
  const auto* i = std::ranges::find(curves, name, &decltype(curves)::value_type::first);
  return i == curves.end() ? std::string_view{} : i->second;
}

std::string priorities_of(const tls_server_config& x) {
  std::string result = "NORMAL";
  auto say = [&](char sign, std::string_view word) { ((result += ':') += sign) += word; };
  say('-', "VERS-ALL");
  for (auto i = static_cast<size_t>(x.max_version) + 1; i-- > static_cast<size_t>(x.min_version);)
    say('+', versions.at(i));
  suite_parts parts{x.cipher_suites};
  if (parts.ciphers.empty()) {
    // As Go does: nothing without forward secrecy, and no Diffie-Hellman over large numbers.
    say('-', "RSA");
    say('-', "DHE-RSA");
  } else {
    for (auto all : {"KX-ALL", "CIPHER-ALL", "MAC-ALL"})
      say('-', all);
    for (const auto* list : {&parts.key_exchanges, &parts.ciphers, &parts.macs})
      for (auto word : *list)
        say('+', word);
  }
  if (!x.curve_preferences.empty())
    say('-', "GROUP-ALL");
  for (const auto& curve : x.curve_preferences)
    say('+', group_of_curve(curve));
  if (x.prefer_server_cipher_suites)
    result += ":%SERVER_PRECEDENCE";
  return result;
}

std::vector<std::string_view> more_suites_than(const std::vector<std::string>& listed) {
  suite_parts parts{listed};
  words result;
  for (const auto& x : suites)
    if (contains(parts.key_exchanges, x.key_exchange) && contains(parts.ciphers, x.cipher)
        && contains(parts.macs, x.mac) && std::ranges::find(listed, x.name) == listed.end())
      result.push_back(x.name);
  return result;
}

} // namespace pgstatsmon
