// HTTP's failures as a source counts them.
#include "actors/discovery/http_problems.hpp"

#include "actors/discovery/vmapi_body.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

source_failure class_of(http_failure x) noexcept {
  switch (x) {
  case http_failure::dns: return source_failure::dns;
  case http_failure::connect: return source_failure::connect;
  case http_failure::timeout: return source_failure::timeout;
  case http_failure::tls: return source_failure::tls;
  case http_failure::network: return source_failure::network;
  case http_failure::status: return source_failure::status;
  case http_failure::body: return source_failure::body;
  case http_failure::too_large: return source_failure::too_large;
  case http_failure::file: return source_failure::file;
  }
  return source_failure::network;
}

} // namespace

source_problem problem_of(http_problem x) {
  return {class_of(x.reason), std::move(x.what)};
}

std::optional<source_problem> status_problem(const http_reply& x) {
  if (x.status == 200)
    return std::nullopt;
  auto message = error_message(x.body);
  return source_problem{source_failure::status,
                        message.empty() ? fmt::format("HTTP status {}", x.status)
                                        : fmt::format("HTTP status {}: {}", x.status, message)};
}

} // namespace pgstatsmon
