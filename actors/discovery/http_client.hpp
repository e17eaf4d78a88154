// An HTTP client that trusts nobody: everything that a server may send or withhold has a limit.
#pragma once

#include "actors/discovery/answer.hpp"
#include "config/settings.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// A server's answer, complete and decompressed.
struct http_reply {
  long status = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< Names in lower case.
  std::string body;

  /// The last header of a name, given in lower case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

using http_answer = std::variant<http_reply, source_problem>;

/// What an http_client does, for tests to stand in for it.
using http_get = std::function<http_answer(const std::string& url, std::stop_token)>;

/// A client for one source. Keeps its connection open between requests.
///
/// Limits: connect_timeout for name, TCP and TLS, request_timeout for the whole, ten seconds
/// without a byte, max_body_bytes decompressed, 256 KiB of headers. Follows at most three
/// redirects, to the same host only and never from https to http. Proxies that the environment
/// names are not used, nor is .netrc. Only HTTP and HTTPS; server certificates are always checked.
class http_client {
public:
  explicit http_client(http_settings how);
  ~http_client();
  http_client(http_client&&) noexcept;
  http_client& operator=(http_client&&) noexcept;

  /// Blocks until the answer is there, a limit is reached or a stop is requested. An HTTP status
  /// that is no success is an answer too. Never throws; one thread at a time.
  http_answer get(const std::string& url, const std::stop_token& stop);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// The problem that a status is; nothing when it is 200.
std::optional<source_problem> status_problem(const http_reply& x);

} // namespace pgstatsmon
