// What is asked over HTTP, and what comes of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// Why there is no answer.
enum class http_failure : uint8_t {
  dns,       ///< The host name has no address, or the name service did not answer.
  connect,   ///< Nothing could be connected to.
  timeout,   ///< No answer in time.
  tls,       ///< The TLS handshake failed, or a certificate is not to be trusted.
  network,   ///< The connection broke, or what came was no HTTP.
  status,    ///< A redirect that is not followed.
  body,      ///< A body that can't be decoded, or that does not fit its digest.
  too_large, ///< More than may be read.
  file,      ///< A file with a password that can't be read.
};

/// Why a request has no answer.
struct http_problem {
  http_failure reason = http_failure::network;
  std::string what; ///< A sentence for the operator, without a dot.

  friend bool operator==(const http_problem&, const http_problem&) = default;
};

/// One request. The limits that it does not name are http_settings'.
struct http_call {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers{};

  /// What is posted; nothing: a GET.
  std::optional<std::string> body{};

  /// How long all of it may take; nothing: http_settings' request_timeout.
  std::optional<std::chrono::milliseconds> timeout{};

  /// The answer comes in pieces for as long as `timeout` allows, with any silence between them.
  bool stream = false;
};

/// A server's answer, complete and decompressed.
struct http_reply {
  long status = 0;
  std::vector<std::pair<std::string, std::string>> headers{}; ///< Names in lower case.
  std::string body{};                                         ///< Empty where an http_sink took it.
  std::string redirect{}; ///< Where a 3xx leads to; empty: nowhere.

  /// The last header of a name, given in lower case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

using http_answer = std::variant<http_reply, http_problem>;

/// Takes the pieces of a body of status 200 as they come. False: that is enough, the transfer ends.
using http_sink = std::function<bool(std::string_view)>;

} // namespace pgstatsmon
