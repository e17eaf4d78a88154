// What a URL may be used for: to be shown to people, to be redirected to. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgstatsmon {

/// A URL for people: without user, password, query and fragment.
std::string shown(std::string_view url);

/// Whether a redirect may be followed: to the same host only, and never from https to http.
bool may_follow(const std::string& from, const std::string& to);

} // namespace pgstatsmon
