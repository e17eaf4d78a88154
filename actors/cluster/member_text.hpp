// What a member says of itself, as engines keep it.
#pragma once

#include "messages/cluster.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// One line of JSON.
std::string to_text(const member_record& x);

/// The other way round; nothing when it is none of ours. What a newer member says besides is left
/// out.
std::optional<member_record> parse_member(std::string_view text);

} // namespace pgstatsmon
