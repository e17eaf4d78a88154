// Names of ciphers, curves and versions: Go's, which people write, and GnuTLS', which it obeys.
#pragma once

#include "config/web_config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// A cipher suite that Prometheus' exporters know.
struct cipher_suite {
  std::string_view name;         ///< IANA's.
  std::string_view key_exchange; ///< GnuTLS' word; empty for TLS 1.3, which has none in its suites.
  std::string_view cipher;       ///< GnuTLS' word.
  std::string_view mac;          ///< GnuTLS' word.
};

/// The suite of that name; null if none is.
const cipher_suite* find_cipher_suite(std::string_view name) noexcept;

/// GnuTLS' word for one of Go's curves; empty if it is none.
std::string_view group_of_curve(std::string_view name) noexcept;

/// What GnuTLS is told: the versions, suites and curves of a configuration.
std::string priorities_of(const tls_server_config& x);

/// Suites that a client may have beyond those listed, since GnuTLS combines the parts of suites
/// freely. Empty when the list is exact, or there is none.
std::vector<std::string_view> more_suites_than(const std::vector<std::string>& listed);

} // namespace pgstatsmon
