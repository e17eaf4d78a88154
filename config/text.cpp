// UTF-8 and edit distance.
#include "config/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <numeric>

namespace pgstatsmon {

namespace {

// Longer words are never near an option's name.
constexpr size_t longest_word = 64;

char lower(char x) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(x)));
}

size_t distance(std::string_view x, std::string_view y) {
  std::vector<size_t> row(y.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < x.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < y.size(); ++j) {
      auto replaced = diagonal + (lower(x[i]) == lower(y[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[y.size()];
}

} // namespace

size_t utf8_sequence(std::string_view text) noexcept {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty())
    return 0;
  if (byte(0) < 0x80)
    return 1;
  size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length)
    return 0;
  uint32_t point = byte(0) & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U)
      return 0;
    point = point << 6U | (byte(i) & 0x3fU);
  }
  auto overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  auto surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

std::string one_line(std::string_view text) {
  std::string result;
  append_one_line(result, text);
  return result;
}

std::string counted(uint64_t n, std::string_view noun) {
  auto result = std::to_string(n) + ' ';
  result += noun;
  return n == 1 ? result : result + 's';
}

std::string valid_text(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string result;
  while (!text.empty()) {
    auto length = text.front() == '\0' ? 0 : utf8_sequence(text);
    result += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string_view nearest(std::string_view x, const std::vector<std::string_view>& candidates) {
  std::string_view result;
  if (x.size() > longest_word)
    return result;
  auto best = std::max<size_t>(2, x.size() / 3) + 1;
  for (auto candidate : candidates) {
    auto d = distance(x, candidate);
    if (d < best && 2 * d <= candidate.size()) {
      best = d;
      result = candidate;
    }
  }
  return result;
}

} // namespace pgstatsmon
