// One request and its answer on one of libcurl's handles, within every limit.
#pragma once

#include "actors/http/http_message.hpp"
#include "config/settings.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>

namespace pgstatsmon {

/// Makes libcurl ready, once in a process. Any thread.
/// @returns whether it can be used.
bool http_ready();

/// A handle that is used for one request after the other. Its address stays with libcurl, so it
/// can't be moved.
class http_transfer {
public:
  http_transfer();
  http_transfer(const http_transfer&) = delete;
  http_transfer& operator=(const http_transfer&) = delete;
  ~http_transfer() = default;

  /// Whether libcurl gave a handle.
  explicit operator bool() const noexcept { return easy_ != nullptr; }

  /// Sets everything up; what ran before must have ended.
  /// @param sink Takes the body in place of the reply; may be empty.
  /// @returns what stands in the way: a file that can't be read.
  std::optional<http_problem> prepare(http_call request, const http_settings& how,
                                      http_sink sink = {});

  [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }

  /// What it came to. Only once for each prepare().
  http_answer finish(CURLcode code);

private:
  struct easy_deleter {
    void operator()(CURL* x) const { curl_easy_cleanup(x); }
  };
  struct list_deleter {
    void operator()(curl_slist* x) const { curl_slist_free_all(x); }
  };

  static size_t on_body(char* data, size_t one, size_t size, void* to);
  static size_t on_header(char* data, size_t one, size_t size, void* to);
  bool take(std::string_view data);
  void set_limits(const http_settings& how);
  void set_request();
  std::optional<http_problem> read_basic_auth(const std::string& file);

  http_call request_;
  http_sink sink_;
  http_reply reply_;
  uint64_t max_body_ = 0;
  uint64_t body_bytes_ = 0;
  size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool enough_ = false; // said the sink
  std::unique_ptr<curl_slist, list_deleter> headers_;
  std::array<char, CURL_ERROR_SIZE> problem_{};
  std::unique_ptr<CURL, easy_deleter> easy_; // ends before what it points to
};

} // namespace pgstatsmon
