// A request: its path, its parameters and its headers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// A request without a body. The headers' views live as long as the handler's call.
struct http_request {
  std::string path; ///< Percent-decoded, without the query string.

  /// Of the query string, decoded, in order: `a=1&b` is {a, 1}, {b, ""}.
  std::vector<std::pair<std::string, std::string>> parameters;

  std::vector<std::pair<std::string_view, std::string_view>> headers;

  std::string user; ///< Whose password was right; empty when nobody is asked for one.
  std::string peer; ///< The client's address; empty when it has none.

  /// The values of every parameter of that name, in order.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

  /// The value of the first parameter of that name; empty when there is none.
  [[nodiscard]] std::string_view first(std::string_view name) const noexcept;

  /// The first header of that name, in any case of letters; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

/// Bounds of what parse_request() takes: bytes of a target, parameters of its query string.
constexpr size_t max_target_bytes = 16'384;
constexpr size_t max_parameters = 256;

/// Parses a request's target, `/path?name=value&name=value`. An escape that is none stays as it
/// is; `+` is a blank in parameters alone.
/// @returns the request without headers; nothing when a bound is exceeded.
std::optional<http_request> parse_request(std::string_view target);

/// Text as part of a path: all but letters, digits and `-._~` as `%XX`.
std::string percent_encode(std::string_view text);

} // namespace pgstatsmon
