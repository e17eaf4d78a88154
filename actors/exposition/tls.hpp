// What a TLS session of ours needs: certificate, versions, who may come in.
#pragma once

#include "config/web_config.hpp"

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <gnutls/gnutls.h>

namespace pgstatsmon {

/// A server's side of TLS, made once from a configuration. Sessions share it; any thread.
class tls_credentials {
public:
  /// Reads the files that it names. Null when something is wrong with them, and then `faults` says
  /// what; a certificate that has ended, or will soon, is a warning.
  /// @param now Unix time.
  static std::shared_ptr<const tls_credentials> load(const tls_server_config& from, std::time_t now,
                                                     std::vector<fault>& faults,
                                                     std::vector<fault>& warnings);

  tls_credentials(const tls_credentials&) = delete;
  tls_credentials& operator=(const tls_credentials&) = delete;
  ~tls_credentials();

  /// Prepares a session before its handshake, in which the client is verified. Must live as long as
  /// the session.
  /// @returns whether that worked; a session that isn't prepared must not go on.
  [[nodiscard]] bool prepare(gnutls_session_t session) const noexcept;

  /// When the first certificate of the chain ends, Unix time.
  [[nodiscard]] std::time_t expiry() const noexcept { return expiry_; }

private:
  tls_credentials() = default;

  static int verify_peer(gnutls_session_t session) noexcept;
  [[nodiscard]] bool admits(gnutls_session_t session) const;

  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_priority_t priorities_ = nullptr;
  client_auth client_ = client_auth::none;
  std::vector<std::string> allowed_names_; ///< Empty: any.
  std::time_t expiry_ = 0;

  friend class tls_loader;
};

} // namespace pgstatsmon
