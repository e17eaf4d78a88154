// Lists of regular expressions that names are chosen by.
#pragma once

#include "config/reader.hpp"

#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace pgstatsmon {

/// How they are compiled: without back references, so that the time of a match is bounded, whatever
/// a server calls its things.
constexpr auto pattern_flavour = std::regex::ECMAScript | std::regex_constants::__polynomial;

/// Reads one. Complains of what is no regular expression and of back references.
std::optional<std::string> parse_pattern(const value& x);

/// The same, of one that PostgreSQL matches: what it reads differently than ECMAScript is refused.
std::optional<std::string> parse_server_pattern(const value& x);

/// Reads a list of them with one of the functions above; nothing is done if it is not given.
void read_patterns(const value& self, std::optional<std::string> (*parse)(const value&),
                   std::optional<std::vector<std::string>>& x);

/// Ready to match; one that is none matches nothing.
std::vector<std::regex> compiled(const std::vector<std::string>& patterns);

} // namespace pgstatsmon
