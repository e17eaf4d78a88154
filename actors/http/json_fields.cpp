// A missing field and one of another type are the same.
#include "actors/http/json_fields.hpp"

namespace pgstatsmon {

using nlohmann::json;

const json& json_field(const json& x, const char* key) {
  static const json none;
  if (!x.is_object())
    return none;
  auto i = x.find(key);
  return i == x.end() ? none : *i;
}

std::string json_text(const json& x, const char* key) {
  const auto& value = json_field(x, key);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

bool json_flag(const json& x, const char* key) {
  const auto& value = json_field(x, key);
  return value.is_boolean() && value.get<bool>();
}

} // namespace pgstatsmon
