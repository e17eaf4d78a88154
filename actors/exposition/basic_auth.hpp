// The Authorization header of HTTP's Basic scheme.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// What a client says it is.
struct basic_credentials {
  std::string user;
  std::string password;

  friend bool operator==(const basic_credentials&, const basic_credentials&) = default;
};

/// Parses `Basic <base64 of user:password>`; nothing for anything else.
std::optional<basic_credentials> parse_basic_auth(std::string_view header);

} // namespace pgstatsmon
