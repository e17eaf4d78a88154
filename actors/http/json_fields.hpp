// Fields of JSON that others wrote: each may be missing or of another type. Pure.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace pgstatsmon {

/// A member of an object; null when there is none, or `x` is no object.
const nlohmann::json& json_field(const nlohmann::json& x, const char* key);

/// A member that is a string; empty when it is none.
std::string json_text(const nlohmann::json& x, const char* key);

/// A member that is true.
bool json_flag(const nlohmann::json& x, const char* key);

} // namespace pgstatsmon
