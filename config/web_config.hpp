// The file that says who may have the page, and how: TLS, users, headers, a limit of requests. In
// the format of Prometheus' exporter-toolkit.
#pragma once

#include "config/fault.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// A text of a file and its place there, for faults that show only when the text is used.
struct placed_text {
  std::string text; ///< Empty: not given.
  size_t line = 0;
  size_t column = 0;
  std::string path; ///< Of the option.

  /// A fault, or a warning, at this place.
  [[nodiscard]] fault at(std::string what) const { return {line, column, path, std::move(what)}; }

  friend bool operator==(const placed_text&, const placed_text&) = default;
};

/// `client_auth_type`, as Go's crypto/tls means it.
enum class client_auth : uint8_t {
  none,            ///< NoClientCert: none is asked for.
  request,         ///< RequestClientCert: asked for, neither needed nor verified.
  require_any,     ///< RequireAnyClientCert: needed, not verified.
  verify_if_given, ///< VerifyClientCertIfGiven: not needed, but verified.
  verify,          ///< RequireAndVerifyClientCert.
};

/// Versions of TLS in their order.
enum class tls_version : uint8_t { tls10, tls11, tls12, tls13 };

/// `tls_server_config`. Of an inline text and a file, at most one is set. Paths are resolved.
struct tls_server_config {
  placed_text cert;
  placed_text cert_file;
  placed_text key;
  placed_text key_file;
  placed_text client_ca; ///< Neither it nor the file: the system's authorities.
  placed_text client_ca_file;
  client_auth client = client_auth::none;
  std::vector<std::string> client_allowed_sans; ///< Empty: any.
  tls_version min_version = tls_version::tls12;
  tls_version max_version = tls_version::tls13;
  std::vector<std::string> cipher_suites;     ///< IANA names that we know; empty: GnuTLS' own.
  std::vector<std::string> curve_preferences; ///< Go's names; empty: GnuTLS' own.
  bool prefer_server_cipher_suites = true;

  friend bool operator==(const tls_server_config&, const tls_server_config&) = default;
};

/// `rate_limit`: a bucket of `burst` requests that gains one every `interval`.
struct rate_limit_config {
  std::chrono::nanoseconds interval{0}; ///< 0: no limit.
  uint32_t burst = 0;

  friend bool operator==(const rate_limit_config&, const rate_limit_config&) = default;
};

/// Everything the file says.
struct web_config {
  std::optional<tls_server_config> tls;                     ///< None: plain HTTP.
  std::vector<std::pair<std::string, std::string>> headers; ///< Of every response; none empty.
  std::map<std::string, std::string, std::less<>> users;    ///< Name to bcrypt hash.
  rate_limit_config rate_limit;

  /// The files that it names.
  [[nodiscard]] std::vector<std::string> files() const;

  friend bool operator==(const web_config&, const web_config&) = default;
};

/// What a file says and what is wrong with it.
struct parsed_web_config {
  web_config config;           ///< What could be read; to be used when there are no faults.
  std::vector<fault> faults;   ///< None quotes a secret.
  std::vector<fault> warnings; ///< What is right but has no meaning here, or a surprising one.
};

/// Parses the text of such a file. The files that it names are not looked at.
/// @param file Its path: relative paths in it are relative to its directory; `%d/` is
/// CREDENTIALS_DIRECTORY. Never throws.
parsed_web_config parse_web_config(std::string_view text, const std::string& file);

/// Every option that the parser knows, as dotted paths: `tls_server_config.cert_file`.
std::vector<std::string> known_web_options();

} // namespace pgstatsmon
