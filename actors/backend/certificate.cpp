// Reading certificates, with OpenSSL.
#include "actors/backend/certificate.hpp"

#include <ctime>

#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace pgstatsmon {

std::optional<std::chrono::sys_seconds> certificate_end(const ssl_st* tls) {
  const auto* shown = SSL_get0_peer_certificate(tls);
  std::tm end{};
  if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(shown), &end) != 1)
    return std::nullopt;
  return std::chrono::sys_seconds{std::chrono::seconds{timegm(&end)}};
}

} // namespace pgstatsmon
