// Bytes as letters: base64 (RFC 4648, section 4), with padding. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

std::string to_base64(std::string_view bytes);

/// @returns nothing for what is no base64, whitespace and missing padding included.
std::optional<std::string> from_base64(std::string_view text);

} // namespace pgstatsmon
