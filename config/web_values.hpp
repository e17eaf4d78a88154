// Parsers of values that only the web configuration has.
#pragma once

#include "config/reader.hpp"
#include "config/web_config.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace pgstatsmon {

/// Text of any number of lines, not empty, and its place.
std::optional<placed_text> parse_placed(const value& x);

/// A path as parse_path resolves it, and its place.
std::optional<placed_text> parse_placed_path(const value& x);

/// A bcrypt hash: `$2a$`, `$2b$` or `$2y$`. Warns of a cost that takes seconds.
std::optional<std::string> parse_bcrypt(const value& x);

/// A duration as Go writes it, "1m30s" or a number of nanoseconds; 0 to 24 h.
std::optional<std::chrono::nanoseconds> parse_go_duration(const value& x);

/// The value of a header of our responses: printable, of one line; perhaps empty.
std::optional<std::string> parse_header(const value& x);

} // namespace pgstatsmon
