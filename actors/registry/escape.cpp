// Escaping with a fast path: eight bytes at a time are looked at, and copied if they are plain.
#include "actors/registry/escape.hpp"

#include <cstdint>
#include <cstring>

namespace pgstatsmon {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

constexpr uint64_t every_byte(uint8_t x) noexcept {
  return 0x0101010101010101ULL * x;
}

// Non-zero if a byte is zero. May also flag a 0x01 above a zero byte, never misses one.
constexpr uint64_t zero_bytes(uint64_t x) noexcept {
  return (x - every_byte(0x01)) & ~x & every_byte(0x80);
}

constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\' && c != '\n';
}

bool is_plain(std::string_view text) noexcept {
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    if (((word & every_byte(0x80)) | zero_bytes(word ^ every_byte('"'))
         | zero_bytes(word ^ every_byte('\\')) | zero_bytes(word ^ every_byte('\n')))
        != 0)
      return false;
    text.remove_prefix(sizeof(word));
  }
  for (char c : text)
    if (!is_plain(c))
      return false;
  return true;
}

// Length of the UTF-8 sequence that begins `text`, which is not ASCII; 0 if there is none. The
// ranges are those of the Unicode standard, table 3-7: no overlong forms, no surrogates, no more
// than U+10FFFF.
size_t sequence_length(std::string_view text) noexcept {
  auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto within = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  auto tail = [&](size_t i) { return within(i, 0x80, 0xBF); };
  auto first = at(0);
  if (first >= 0xC2 && first <= 0xDF)
    return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    uint8_t low = first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_slowly(std::string& to, std::string_view value) {
  while (!value.empty()) {
    size_t taken = 1;
    switch (char c = value.front()) {
    case '\\': to += "\\\\"; break;
    case '"': to += "\\\""; break;
    case '\n': to += "\\n"; break;
    default:
      if (is_plain(c)) {
        to += c;
      } else if (auto n = sequence_length(value); n > 0) {
        to += value.substr(0, n);
        taken = n;
      } else {
        to += replacement;
      }
    }
    value.remove_prefix(taken);
  }
}

} // namespace

void append_label_value(std::string& to, std::string_view value) {
  if (is_plain(value))
    to += value;
  else
    append_slowly(to, value);
}

void append_label(std::string& to, std::string_view name, std::string_view value) {
  if (!to.empty())
    to += ',';
  to += name;
  to += "=\"";
  append_label_value(to, value);
  to += '"';
}

void append_help(std::string& to, std::string_view text) {
  for (char c : text) {
    if (c == '\\')
      to += "\\\\";
    else if (c == '\n')
      to += "\\n";
    else
      to += c;
  }
}

std::string render_labels(const label_list& labels) {
  std::string result;
  for (const auto& [name, value] : labels)
    append_label(result, name, value);
  return result;
}

label_list parse_labels(std::string_view rendered) {
  label_list result;
  for (size_t i = 0; i < rendered.size();) {
    auto equals = std::min(rendered.find("=\"", i), rendered.size());
    auto& [name, value] = result.emplace_back(rendered.substr(i, equals - i), "");
    i = equals + 2;
    while (i < rendered.size() && rendered[i] != '"') {
      auto escaped = rendered[i] == '\\' && i + 1 < rendered.size();
      i += escaped ? 1 : 0;
      value += escaped && rendered[i] == 'n' ? '\n' : rendered[i];
      ++i;
    }
    i += 2; // the quote, and a comma
  }
  return result;
}

} // namespace pgstatsmon
