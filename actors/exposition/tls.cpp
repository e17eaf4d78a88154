// Loads credentials, and judges clients in the handshake.
#include "actors/exposition/tls.hpp"

#include "actors/exposition/certificate.hpp"
#include "actors/exposition/watched_file.hpp"
#include "config/tls_names.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

namespace pgstatsmon {

namespace {

constexpr std::time_t soon = std::time_t{14} * 24 * 3600;

std::string reason_of(int code) {
  return gnutls_strerror(code);
}

gnutls_datum_t datum_of(const std::string& x) noexcept {
  // GnuTLS does not write through it.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(x.data()));
  return {data, static_cast<unsigned>(x.size())};
}

std::string date_text(std::time_t x) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(x));
}

} // namespace

/// Makes credentials from a configuration, collecting what is wrong.
class tls_loader {
public:
  tls_loader(const tls_server_config& from, std::time_t now, std::vector<fault>& faults,
             std::vector<fault>& warnings)
    : from_{from}, now_{now}, faults_{faults}, warnings_{warnings} {
    // nop
  }

  std::shared_ptr<const tls_credentials> load() {
    std::shared_ptr<tls_credentials> x{new tls_credentials};
    auto before = faults_.size();
    x->client_ = from_.client;
    x->allowed_names_ = from_.client_allowed_sans;
    if (auto code = gnutls_certificate_allocate_credentials(&x->credentials_); code < 0)
      complain({}, reason_of(code));
    else {
      load_certificate(*x);
      load_authorities(*x);
    }
    auto priorities = priorities_of(from_);
    if (auto code = gnutls_priority_init(&x->priorities_, priorities.c_str(), nullptr); code < 0)
      complain({.text = {}, .line = 0, .column = 0, .path = "tls_server_config"},
               "GnuTLS has nothing that fits: " + reason_of(code));
    return faults_.size() == before ? x : nullptr;
  }

private:
  void complain(const placed_text& at, std::string what) {
    faults_.push_back(at.at(std::move(what)));
  }

  /// The text, of a file or here.
  std::optional<std::string> text_of(const placed_text& file, const placed_text& here) {
    if (file.text.empty())
      return here.text;
    auto text = read_small_file(file.text);
    if (text)
      return std::move(*text);
    complain(file,
             file.text + ": " + context_of(text.error()) + ", expected a file that can be read");
    return std::nullopt;
  }

  void load_certificate(tls_credentials& x) {
    const auto& cert_at = from_.cert_file.text.empty() ? from_.cert : from_.cert_file;
    const auto& key_at = from_.key_file.text.empty() ? from_.key : from_.key_file;
    auto cert = text_of(from_.cert_file, from_.cert);
    auto key = text_of(from_.key_file, from_.key);
    // What is not given at all is the parser's to complain of.
    auto good = cert && !cert_at.text.empty() && check_certificate(x, cert_at, *cert);
    good = key && !key_at.text.empty() && check_key(key_at, *key) && good;
    if (!good)
      return;
    auto cert_data = datum_of(*cert);
    auto key_data = datum_of(*key);
    auto code = gnutls_certificate_set_x509_key_mem2(x.credentials_, &cert_data, &key_data,
                                                     GNUTLS_X509_FMT_PEM, nullptr, 0);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
      complain(key_at, "is not the key of the certificate");
    else if (code < 0)
      complain(cert_at, "can't be used: " + reason_of(code));
  }

  bool check_certificate(tls_credentials& x, const placed_text& at, const std::string& pem) {
    auto list = read_certificates(pem);
    if (list.certificates.empty()) {
      complain(at, "has no certificate in PEM: " + reason_of(list.error));
      return false;
    }
    x.expiry_ = first_end(list.certificates);
    if (x.expiry_ <= now_)
      warnings_.push_back(at.at("the certificate ended on " + date_text(x.expiry_)));
    else if (x.expiry_ - now_ < soon)
      warnings_.push_back(at.at("the certificate ends soon, on " + date_text(x.expiry_)));
    return true;
  }

  bool check_key(const placed_text& at, const std::string& pem) {
    gnutls_x509_privkey_t key = nullptr;
    auto data = datum_of(pem);
    auto code = gnutls_x509_privkey_init(&key);
    if (code >= 0) {
      code = gnutls_x509_privkey_import2(key, &data, GNUTLS_X509_FMT_PEM, nullptr, 0);
      gnutls_x509_privkey_deinit(key);
    }
    if (code >= 0)
      return true;
    complain(at, code == GNUTLS_E_DECRYPTION_FAILED
                   ? "is encrypted, expected a key without a password"
                   : "has no key in PEM: " + reason_of(code));
    return false;
  }

  void load_authorities(tls_credentials& x) {
    auto verified = x.client_ == client_auth::verify || x.client_ == client_auth::verify_if_given;
    const auto& at = from_.client_ca_file.text.empty() ? from_.client_ca : from_.client_ca_file;
    if (at.text.empty()) {
      if (verified)
        gnutls_certificate_set_x509_system_trust(x.credentials_);
      return;
    }
    auto text = text_of(from_.client_ca_file, from_.client_ca);
    if (!text)
      return;
    auto data = datum_of(*text);
    auto n = gnutls_certificate_set_x509_trust_mem(x.credentials_, &data, GNUTLS_X509_FMT_PEM);
    if (n <= 0)
      complain(at, "has no certificate in PEM" + (n < 0 ? ": " + reason_of(n) : ""));
  }

  const tls_server_config& from_;
  std::time_t now_;
  std::vector<fault>& faults_;
  std::vector<fault>& warnings_;
};

std::shared_ptr<const tls_credentials> tls_credentials::load(const tls_server_config& from,
                                                             std::time_t now,
                                                             std::vector<fault>& faults,
                                                             std::vector<fault>& warnings) {
  return tls_loader{from, now, faults, warnings}.load();
}

tls_credentials::~tls_credentials() {
  if (credentials_ != nullptr)
    gnutls_certificate_free_credentials(credentials_);
  if (priorities_ != nullptr)
    gnutls_priority_deinit(priorities_);
}

bool tls_credentials::prepare(gnutls_session_t session) const noexcept {
  if (gnutls_priority_set(session, priorities_) < 0
      || gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_) < 0)
    return false;
  if (client_ == client_auth::none)
    return true;
  auto required = client_ == client_auth::require_any || client_ == client_auth::verify;
  gnutls_certificate_server_set_request(session,
                                        required ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
  gnutls_session_set_ptr(session, const_cast<tls_credentials*>(this));
  gnutls_session_set_verify_function(session, verify_peer);
  return true;
}

// GnuTLS ends the handshake without a word; the alert tells the client why.
int tls_credentials::verify_peer(gnutls_session_t session) noexcept {
  const auto* self = static_cast<const tls_credentials*>(gnutls_session_get_ptr(session));
  try {
    if (self != nullptr && self->admits(session))
      return 0;
  } catch (const std::exception&) { // no memory
  }
  gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
  return GNUTLS_E_CERTIFICATE_ERROR;
}

bool tls_credentials::admits(gnutls_session_t session) const {
  unsigned size = 0;
  const auto* chain = gnutls_certificate_get_peers(session, &size);
  if (chain == nullptr || size == 0)
    return client_ == client_auth::request || client_ == client_auth::verify_if_given;
  if (client_ == client_auth::verify || client_ == client_auth::verify_if_given) {
    static constexpr std::string_view purpose = GNUTLS_KP_TLS_WWW_CLIENT; // ends with a NUL
    gnutls_typed_vdata_st wanted{};
    wanted.type = GNUTLS_DT_KEY_PURPOSE_OID;
    wanted.data = reinterpret_cast<unsigned char*>(const_cast<char*>(purpose.data()));
    unsigned status = 0;
    if (gnutls_certificate_verify_peers(session, &wanted, 1, &status) < 0 || status != 0)
      return false;
  }
  if (allowed_names_.empty())
    return true;
  auto certificate = read_der(chain[0]);
  if (certificate == nullptr)
    return false;
  return std::ranges::any_of(names_of(certificate.get()), [this](const std::string& name) {
    return std::ranges::find(allowed_names_, name) != allowed_names_.end();
  });
}

} // namespace pgstatsmon
