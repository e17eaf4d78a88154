// Text that people see: made safe for one line of a terminal, and compared for likeness.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// The length of the UTF-8 sequence that text begins with; 0 when it begins with none.
/// Overlong forms, surrogates and what is above U+10FFFF are none.
size_t utf8_sequence(std::string_view text) noexcept;

/// Appends text as one line: control characters as `\n`, `\t`, `\r`, `\xNN` or `\u0085`, bytes that
/// are not UTF-8 as `\xNN`, all else as it is. Works with std::string and fmt's buffers.
template <class Buffer>
void append_one_line(Buffer& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto put = [&](std::string_view x) { out.append(x.data(), x.data() + x.size()); };
  auto put_hex = [&](std::string_view prefix, unsigned char x) {
    put(prefix);
    out.push_back(digits[x >> 4U]);
    out.push_back(digits[x & 15U]);
  };
  while (!text.empty()) {
    auto first = static_cast<unsigned char>(text.front());
    auto length = utf8_sequence(text);
    auto c1_control = length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    if (c1_control)
      put_hex("\\u00", static_cast<unsigned char>(text[1]));
    else if (first == '\n')
      put("\\n");
    else if (first == '\t')
      put("\\t");
    else if (first == '\r')
      put("\\r");
    else if (length == 0 || first < 0x20 || first == 0x7f)
      put_hex("\\x", first);
    else
      put(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

/// Text as one line, as append_one_line writes it.
std::string one_line(std::string_view text);

/// Text with U+FFFD in the place of every NUL and of every byte that is not UTF-8.
std::string valid_text(std::string_view text);

/// A number with its noun: `1 backend`, `2 backends`.
std::string counted(uint64_t n, std::string_view noun);

/// The candidate that is most like x, or an empty view when none is near: insertions, deletions and
/// replacements of one character are counted, letters are the same in both cases.
std::string_view nearest(std::string_view x, const std::vector<std::string_view>& candidates);

} // namespace pgstatsmon
