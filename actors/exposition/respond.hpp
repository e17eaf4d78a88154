// Sends a response through libmicrohttpd.
#pragma once

#include "actors/exposition/body_source.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct MHD_Connection;

namespace pgstatsmon {

class event_hub;
struct http_response;

using header_list = std::vector<std::pair<std::string, std::string>>;

/// Gives a response that was not there at once. Any thread, once; more than that is ignored.
using late_answer = std::function<void(http_response)>;

struct http_response {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::unique_ptr<body_source> stream{};           ///< Instead of `body`, if set.
  std::shared_ptr<event_hub> events{};             ///< Instead: what comes there, without an end.
  std::function<void(const late_answer&)> later{}; ///< Instead of all: begins what will answer.
  header_list headers{};                           ///< Besides those that every response has.
};

/// Queues a response, compressed if it is worth it and the client accepts gzip. `later` is the
/// caller's.
/// @param more Headers of every response.
/// @param progress Called by the thread that sends whenever a client has taken some of its events.
/// @returns whether that worked; the connection has to be closed otherwise. May throw bad_alloc.
bool respond(MHD_Connection* connection, http_response x, const header_list& more,
             std::function<void()> progress);

/// A response of a line of text.
http_response text_response(unsigned status, std::string body);

} // namespace pgstatsmon
