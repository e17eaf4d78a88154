// Integers are most of what comes, so they have a quick way.
#include "actors/registry/cell_values.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace pgstatsmon {

namespace {

// Eighteen digits fit an int64_t, and the conversion to double rounds as it should.
bool parse_integer(std::string_view text, double& value) noexcept {
  constexpr size_t safe_digits = 18;
  auto negative = text.front() == '-';
  text.remove_prefix(negative ? 1 : 0);
  if (text.empty() || text.size() > safe_digits)
    return false;
  int64_t sum = 0;
  for (char c : text) {
    auto digit = static_cast<unsigned>(c) - '0';
    if (digit > 9)
      return false;
    sum = sum * 10 + digit;
  }
  value = static_cast<double>(negative ? -sum : sum);
  return true;
}

} // namespace

bool parse_number(std::string_view text, double& value) noexcept {
  if (text.empty())
    return false;
  if (parse_integer(text, value))
    return true;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size())
    return false;
  if (error == std::errc::result_out_of_range) // from_chars does not say which end of the range
    value = std::strtod(text.data(), nullptr);
  else if (error != std::errc{})
    return false;
  return !std::isnan(value);
}

std::optional<std::vector<double>> parse_numbers(std::string_view text) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}')
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<double> result;
  while (!text.empty()) {
    auto element = text.substr(0, text.find(','));
    text.remove_prefix(element.size());
    if (!text.empty())
      text.remove_prefix(1);
    double value = 0;
    if (element == "NULL")
      continue;
    if (!parse_number(element, value))
      return std::nullopt;
    result.push_back(value);
  }
  return result;
}

} // namespace pgstatsmon
