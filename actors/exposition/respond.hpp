// Sends a response through libmicrohttpd.
#pragma once

#include "actors/exposition/body_source.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

struct MHD_Connection;

namespace pgstatsmon {

struct http_response {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::unique_ptr<body_source> stream; ///< Instead of `body`, if set.
};

using header_list = std::vector<std::pair<std::string, std::string>>;

/// Queues a response, compressed if it is worth it and the client accepts gzip.
/// @param more Headers of every response.
/// @returns whether that worked; the connection has to be closed otherwise. May throw bad_alloc.
bool respond(MHD_Connection* connection, http_response x, const header_list& more);

/// A response of a line of text.
http_response text_response(unsigned status, std::string body);

} // namespace pgstatsmon
