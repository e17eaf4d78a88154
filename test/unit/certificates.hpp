// Certificates for tests, made by GnuTLS.
#pragma once

#include "actors/exposition/certificate.hpp"

#include <ctime>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

namespace pgstatsmon::test {

/// A certificate and its key, PEM.
struct key_pair {
  std::string certificate;
  std::string key;
};

inline std::string take(gnutls_datum_t& text) {
  std::string result{reinterpret_cast<const char*>(text.data), text.size};
  gnutls_free(text.data);
  return result;
}

/// Signs itself.
/// @param end Unix time.
inline key_pair make_key_pair(std::time_t end, const std::vector<std::string>& dns_names = {}) {
  gnutls_x509_privkey_t raw_key = nullptr;
  gnutls_x509_privkey_init(&raw_key);
  std::unique_ptr<std::remove_pointer_t<gnutls_x509_privkey_t>,
                  decltype(&gnutls_x509_privkey_deinit)>
    key{raw_key, gnutls_x509_privkey_deinit};
  gnutls_x509_privkey_generate(raw_key, GNUTLS_PK_ECDSA,
                               GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  gnutls_x509_crt_t raw = nullptr;
  gnutls_x509_crt_init(&raw);
  certificate_ptr certificate{raw, gnutls_x509_crt_deinit};
  gnutls_x509_crt_set_version(raw, 3);
  gnutls_x509_crt_set_serial(raw, "\1", 1);
  gnutls_x509_crt_set_dn(raw, "CN=test", nullptr);
  gnutls_x509_crt_set_activation_time(raw, end - 86'400);
  gnutls_x509_crt_set_expiration_time(raw, end);
  for (const auto& name : dns_names)
    gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_DNSNAME, name.data(),
                                         static_cast<unsigned>(name.size()), GNUTLS_FSAN_APPEND);
  gnutls_x509_crt_set_key(raw, raw_key);
  gnutls_x509_crt_sign2(raw, raw, raw_key, GNUTLS_DIG_SHA256, 0);
  gnutls_datum_t certificate_text{};
  gnutls_datum_t key_text{};
  gnutls_x509_crt_export2(raw, GNUTLS_X509_FMT_PEM, &certificate_text);
  gnutls_x509_privkey_export2_pkcs8(raw_key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN,
                                    &key_text);
  return {take(certificate_text), take(key_text)};
}

} // namespace pgstatsmon::test
