// The edge of GnuTLS' X.509 functions.
#include "actors/exposition/certificate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include <arpa/inet.h>

namespace pgstatsmon {

namespace {

gnutls_datum_t datum_of(std::string_view x) noexcept {
  // GnuTLS does not write through it.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(x.data()));
  return {data, static_cast<unsigned>(x.size())};
}

/// The text of a binary address; empty if it is none.
std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  auto family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16)
      || inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr)
    return {};
  return text.data();
}

/// A name of a certificate, of any length.
std::string name_at(gnutls_x509_crt_t certificate, unsigned i, int& type) {
  std::string result(256, '\0');
  auto size = result.size();
  type = gnutls_x509_crt_get_subject_alt_name(certificate, i, result.data(), &size, nullptr);
  if (type == GNUTLS_E_SHORT_MEMORY_BUFFER) {
    result.resize(size);
    type = gnutls_x509_crt_get_subject_alt_name(certificate, i, result.data(), &size, nullptr);
  }
  result.resize(type < 0 ? 0 : std::min(size, result.size()));
  return result;
}

} // namespace

certificate_list read_certificates(std::string_view pem) {
  certificate_list result;
  gnutls_x509_crt_t* list = nullptr;
  unsigned size = 0;
  auto data = datum_of(pem);
  result.error = gnutls_x509_crt_list_import2(&list, &size, &data, GNUTLS_X509_FMT_PEM, 0);
  if (result.error < 0)
    return result;
  std::unique_ptr<gnutls_x509_crt_t, decltype(gnutls_free)> array{list, gnutls_free};
  for (unsigned i = 0; i < size; ++i)
    result.certificates.emplace_back(list[i], gnutls_x509_crt_deinit);
  return result;
}

certificate_ptr read_der(const gnutls_datum_t& der) {
  gnutls_x509_crt_t raw = nullptr;
  if (gnutls_x509_crt_init(&raw) < 0)
    return {nullptr, gnutls_x509_crt_deinit};
  certificate_ptr result{raw, gnutls_x509_crt_deinit};
  if (gnutls_x509_crt_import(raw, &der, GNUTLS_X509_FMT_DER) < 0)
    result.reset();
  return result;
}

std::time_t first_end(const std::vector<certificate_ptr>& certificates) noexcept {
  auto result = std::numeric_limits<std::time_t>::max();
  for (const auto& x : certificates)
    result = std::min(result, gnutls_x509_crt_get_expiration_time(x.get()));
  return result;
}

std::vector<std::string> names_of(gnutls_x509_crt_t certificate) {
  std::vector<std::string> result;
  for (unsigned i = 0;; ++i) {
    int type = 0;
    auto name = name_at(certificate, i, type);
    if (type < 0)
      return result;
    if (type == GNUTLS_SAN_IPADDRESS)
      result.push_back(address_text(name));
    else if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME || type == GNUTLS_SAN_URI)
      result.push_back(std::move(name));
  }
}

} // namespace pgstatsmon
