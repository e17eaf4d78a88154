// Bodies as libmicrohttpd wants them: nothing thrown passes its C callbacks.
#include "actors/exposition/respond.hpp"

#include "actors/exposition/event_hub.hpp"
#include "actors/exposition/gzip.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <exception>

#include <microhttpd.h>

namespace pgstatsmon {

namespace {

// Of a stream, at a time.
constexpr size_t chunk = 65'536;

// Not worth compressing below.
constexpr size_t small_body = 1024;

/// A body that was made whole.
class text_source final : public body_source {
public:
  explicit text_source(std::string text) : text_{std::move(text)} {}

  size_t read(char* to, size_t max) override {
    auto n = text_.copy(to, max, done_);
    done_ += n;
    return n;
  }

private:
  std::string text_;
  size_t done_ = 0;
};

ssize_t read_body(void* source, uint64_t, char* to, size_t max) noexcept {
  try {
    auto n = static_cast<body_source*>(source)->read(to, max);
    return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : static_cast<ssize_t>(n);
  } catch (const std::exception& e) {
    say(spdlog::level::err, log_event::internal_error, "http: a response was cut off: {}",
        e.what());
    return MHD_CONTENT_READER_END_WITH_ERROR;
  }
}

void free_body(void* source) noexcept {
  delete static_cast<body_source*>(source);
}

MHD_Response* make_stream(std::unique_ptr<body_source> x) {
  auto* response =
    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, chunk, read_body, x.get(), free_body);
  if (response != nullptr)
    static_cast<void>(x.release()); // free_body's now
  return response;
}

MHD_Response* make_compressed(http_response x) {
  if (!x.stream)
    x.stream = std::make_unique<text_source>(std::move(x.body));
  return make_stream(std::make_unique<gzip_source>(std::move(x.stream)));
}

MHD_Response* make_plain(http_response x) {
  if (x.stream)
    return make_stream(std::move(x.stream));
  return MHD_create_response_from_buffer(x.body.size(), x.body.data(), MHD_RESPMEM_MUST_COPY);
}

void add_headers_of_status(MHD_Response* to, unsigned status) {
  if (status == MHD_HTTP_UNAUTHORIZED)
    MHD_add_response_header(to, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                            R"(Basic realm="pgstatsmon", charset="UTF-8")");
  if (status == MHD_HTTP_SERVICE_UNAVAILABLE || status == MHD_HTTP_TOO_MANY_REQUESTS)
    MHD_add_response_header(to, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

} // namespace

bool respond(MHD_Connection* connection, http_response x, const header_list& more,
             std::function<void()> progress) {
  const auto* accept =
    MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  auto worth_it = x.events == nullptr && (x.stream != nullptr || x.body.size() >= small_body);
  auto compress = worth_it && accept != nullptr && accepts_gzip(accept);
  auto status = x.status;
  auto type = std::move(x.type);
  auto own = std::move(x.headers);
  auto* response = x.events != nullptr ? stream_events(x.events, connection, std::move(progress))
                   : compress          ? make_compressed(std::move(x))
                                       : make_plain(std::move(x));
  if (response == nullptr)
    return false;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type.c_str());
  if (worth_it)
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  if (compress)
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
  add_headers_of_status(response, status);
  for (const auto& [name, text] : own)
    MHD_add_response_header(response, name.c_str(), text.c_str());
  // One of the same name limits further what ours allows.
  for (const auto& header : more)
    if (std::ranges::find(own, header) == own.end())
      MHD_add_response_header(response, header.first.c_str(), header.second.c_str());
  auto result = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response); // the connection holds it now
  return result == MHD_YES;
}

http_response text_response(unsigned status, std::string body) {
  http_response x;
  x.status = status;
  x.body = std::move(body);
  return x;
}

} // namespace pgstatsmon
