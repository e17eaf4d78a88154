// The words of needs.
#include "config/needs.hpp"

#include <algorithm>
#include <charconv>

namespace pgstatsmon {

namespace {

constexpr std::string_view space = " \t";

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Takes the next word off a text.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  auto word = text.substr(0, text.find_first_of(space));
  text = trimmed(text.substr(word.size()));
  return word;
}

bool is_word(std::string_view text) {
  auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\'' || c == '"'; };
  return !text.empty() && std::ranges::none_of(text, odd);
}

/// A word alone, in `into.name`.
std::optional<need> named(need into, std::string_view text) {
  if (!is_word(text))
    return std::nullopt;
  into.name = text;
  return into;
}

std::optional<need> parse_extension(std::string_view text) {
  need result{need::kind::extension};
  result.name = take_word(text);
  if (text.empty())
    return named(result, result.name);
  if (take_word(text) != ">=" || !is_word(text))
    return std::nullopt;
  result.value = text;
  return named(result, result.name);
}

std::optional<need> parse_setting(std::string_view text) {
  need result{need::kind::setting};
  result.name = take_word(text);
  auto comparison = take_word(text);
  result.unequal = comparison == "!=";
  result.value = text;
  if (comparison != "=" && !result.unequal)
    return std::nullopt;
  return named(result, result.name);
}

std::optional<need> parse_right(std::string_view text) {
  auto rest = text;
  auto first = take_word(rest);
  if (first == "select")
    return named({need::kind::select}, rest);
  if (first == "execute")
    return named({need::kind::execute}, rest);
  return named({need::kind::role}, text);
}

/// Takes the next number off a version; nothing at its end.
std::optional<uint64_t> take_number(std::string_view& version) {
  auto first = version.find_first_of("0123456789");
  if (first == std::string_view::npos)
    return std::nullopt;
  uint64_t result = 0;
  auto [end, error] =
    std::from_chars(version.data() + first, version.data() + version.size(), result);
  version.remove_prefix(static_cast<size_t>(end - version.data()));
  return result;
}

} // namespace

std::optional<need> parse_need(std::string_view text) {
  auto kind = take_word(text);
  if (kind == "functions" && text.empty())
    return need{};
  if (kind == "extension")
    return parse_extension(text);
  if (kind == "setting")
    return parse_setting(text);
  if (kind == "right")
    return parse_right(text);
  return std::nullopt;
}

std::string to_string(const need& x) {
  switch (x.what) {
  case need::kind::functions: break;
  case need::kind::extension:
    return "extension " + x.name + (x.value.empty() ? "" : " >= " + x.value);
  case need::kind::setting: return "setting " + x.name + (x.unequal ? " != " : " = ") + x.value;
  case need::kind::role: return "right " + x.name;
  case need::kind::select: return "right select " + x.name;
  case need::kind::execute: return "right execute " + x.name;
  }
  return "functions";
}

bool is_at_least(std::string_view version, std::string_view least) noexcept {
  for (;;) {
    auto wanted = take_number(least);
    if (!wanted)
      return true;
    auto there = take_number(version).value_or(0);
    if (there != *wanted)
      return there > *wanted;
  }
}

} // namespace pgstatsmon
