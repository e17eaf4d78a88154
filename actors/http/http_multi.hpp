// Several requests at once on one thread, over libcurl's multi interface.
#pragma once

#include "actors/http/http_message.hpp"
#include "config/settings.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// Requests under way, each with a number that its owner chose. Keeps connections open between
/// requests. One thread at a time, but for wake().
///
/// Limits of each: connect_timeout for name, TCP and TLS, its timeout for the whole, ten seconds
/// without a byte unless it is a stream, max_body_bytes decompressed, 256 KiB of headers. Follows
/// no redirect. Proxies that the environment names are not used, nor is .netrc. Only HTTP and
/// HTTPS; server certificates are always checked.
class http_multi {
public:
  http_multi();
  ~http_multi();
  http_multi(const http_multi&) = delete;
  http_multi& operator=(const http_multi&) = delete;

  using finished = std::vector<std::pair<uint64_t, http_answer>>;

  /// Begins a request. What stands in its way comes from run(), like every answer.
  /// @param id Not that of a request under way.
  /// @param sink Takes the body piece by piece, within run(); may be empty.
  void begin(uint64_t id, http_call request, const http_settings& how, http_sink sink = {});

  /// Gives a request up: nothing comes of it any more. Not from a sink.
  void drop(uint64_t id);

  /// How many are under way.
  [[nodiscard]] size_t size() const noexcept;

  /// Carries on, and waits for `wait` at most until something has happened.
  /// @returns what has ended, once each; perhaps nothing.
  finished run(std::chrono::milliseconds wait);

  /// Ends the wait of run(), the present or else the next one. Any thread.
  void wake() noexcept;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace pgstatsmon
