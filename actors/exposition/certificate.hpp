// X.509 certificates: reading a chain, its end, its names.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

namespace pgstatsmon {

/// A GnuTLS certificate that is freed.
using certificate_ptr =
  std::unique_ptr<std::remove_pointer_t<gnutls_x509_crt_t>, decltype(&gnutls_x509_crt_deinit)>;

/// Certificates of a PEM text, in its order.
struct certificate_list {
  std::vector<certificate_ptr> certificates;
  int error = 0; ///< GnuTLS' code, when there are none.
};

/// Reads all certificates of a PEM text.
certificate_list read_certificates(std::string_view pem);

/// A certificate in its binary form; null if it is none.
certificate_ptr read_der(const gnutls_datum_t& der);

/// When the first of them ends, Unix time.
std::time_t first_end(const std::vector<certificate_ptr>& certificates) noexcept;

/// Subject alternative names: DNS names, addresses, e-mail addresses and URIs, as Go writes them.
std::vector<std::string> names_of(gnutls_x509_crt_t certificate);

} // namespace pgstatsmon
