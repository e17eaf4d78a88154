// Targets taken apart and decoded.
#include "actors/exposition/http_request.hpp"

#include <algorithm>

#include <strings.h>

namespace pgstatsmon {

namespace {

/// The value of a hexadecimal digit; -1 for others.
int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  auto lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    auto escaped = text[i] == '%' && i + 2 < text.size();
    auto high = escaped ? digit_of(text[i + 1]) : -1;
    auto low = escaped ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::string decode_parameter(std::string_view text) {
  std::string blanks{text};
  std::ranges::replace(blanks, '+', ' ');
  return percent_decode(blanks);
}

/// Cuts off what stands before a separator, which is dropped; all when there is none.
std::string_view cut(std::string_view& text, char separator) noexcept {
  auto end = text.find(separator);
  auto result = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return result;
}

} // namespace

std::vector<std::string> http_request::all(std::string_view name) const {
  std::vector<std::string> result;
  for (const auto& [key, value] : parameters)
    if (key == name)
      result.push_back(value);
  return result;
}

std::string_view http_request::first(std::string_view name) const noexcept {
  auto i = std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
  return i == parameters.end() ? std::string_view{} : i->second;
}

std::string_view http_request::header(std::string_view name) const noexcept {
  auto i = std::ranges::find_if(headers, [name](const auto& x) {
    return x.first.size() == name.size()
           && strncasecmp(x.first.data(), name.data(), name.size()) == 0;
  });
  return i == headers.end() ? std::string_view{} : i->second;
}

std::optional<http_request> parse_request(std::string_view target) {
  if (target.size() > max_target_bytes)
    return std::nullopt;
  http_request result;
  result.path = percent_decode(cut(target, '?'));
  while (!target.empty()) {
    auto parameter = cut(target, '&');
    if (parameter.empty())
      continue;
    if (result.parameters.size() == max_parameters)
      return std::nullopt;
    auto name = cut(parameter, '=');
    result.parameters.emplace_back(decode_parameter(name), decode_parameter(parameter));
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (auto c : text) {
    auto byte = static_cast<unsigned char>(c);
    auto plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                 || std::string_view{"-._~"}.find(c) != std::string_view::npos;
    if (plain)
      result += c;
    else
      result.append({'%', digits[byte >> 4U], digits[byte & 15U]});
  }
  return result;
}

} // namespace pgstatsmon
