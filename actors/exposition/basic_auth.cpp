// Base64, strictly.
#include "actors/exposition/basic_auth.hpp"

#include <algorithm>
#include <cstdint>

namespace pgstatsmon {

namespace {

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0)
    return std::nullopt;
  size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string result;
  uint32_t bits = 0;
  unsigned count = 0;
  for (char c : text) {
    auto value = letters.find(c);
    if (value == std::string_view::npos)
      return std::nullopt;
    bits = bits << 6U | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      result.push_back(static_cast<char>(bits >> count & 0xffU));
    }
  }
  return result;
}

bool is_basic(std::string_view scheme) {
  return std::ranges::equal(scheme, std::string_view{"basic"}, [](char x, char y) {
    return (static_cast<unsigned char>(x) | 0x20U) == static_cast<unsigned char>(y);
  });
}

} // namespace

std::optional<basic_credentials> parse_basic_auth(std::string_view header) {
  auto space = header.find(' ');
  if (space == std::string_view::npos || !is_basic(header.substr(0, space)))
    return std::nullopt;
  auto coded = header.substr(space);
  coded.remove_prefix(std::min(coded.find_first_not_of(' '), coded.size()));
  coded = coded.substr(0, coded.find_last_not_of(" \t") + 1);
  auto text = decode_base64(coded);
  if (!text)
    return std::nullopt;
  auto colon = text->find(':');
  if (colon == std::string::npos)
    return std::nullopt;
  return basic_credentials{text->substr(0, colon), text->substr(colon + 1)};
}

} // namespace pgstatsmon
