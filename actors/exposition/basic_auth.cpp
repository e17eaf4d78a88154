// The scheme, and what is before and behind the colon.
#include "actors/exposition/basic_auth.hpp"

#include "config/base64.hpp"

#include <algorithm>

namespace pgstatsmon {

namespace {

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
  auto text = from_base64(coded);
  if (!text)
    return std::nullopt;
  auto colon = text->find(':');
  if (colon == std::string::npos)
    return std::nullopt;
  return basic_credentials{text->substr(0, colon), text->substr(colon + 1)};
}

} // namespace pgstatsmon
