// An HTTP client for a thread that may wait, which trusts nobody.
#pragma once

#include "actors/http/http_message.hpp"
#include "config/settings.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace pgstatsmon {

/// What an http_client does, for tests to stand in for it.
using http_get = std::function<http_answer(const std::string& url, std::stop_token)>;

/// A client for one source. Keeps its connection open between requests. Its limits are those of
/// http_multi.
class http_client {
public:
  explicit http_client(http_settings how);
  ~http_client();
  http_client(http_client&&) noexcept;
  http_client& operator=(http_client&&) noexcept;

  /// Blocks until the answer is there, a limit is reached or a stop is requested. An HTTP status
  /// that is no success is an answer too. Follows at most three redirects, to the same host only
  /// and never from https to http. Never throws; one thread at a time.
  http_answer get(const std::string& url, const std::stop_token& stop);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace pgstatsmon
