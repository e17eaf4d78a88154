// Reads and compiles patterns.
#include "config/patterns.hpp"

#include "config/values.hpp"

namespace pgstatsmon {

std::optional<std::string> parse_pattern(const value& x) {
  auto result = parse_regex(x);
  try {
    if (result)
      std::regex{*result, pattern_flavour};
    return result;
  } catch (const std::regex_error&) {
    x.complain("has a back reference, expected none");
    return std::nullopt;
  }
}

std::optional<std::string> parse_server_pattern(const value& x) {
  // \b is a backspace there, \B a backslash, \c takes more, and a bound ends at 255.
  static const std::regex unlike{
    R"(^(?:[^\\]|\\.)*?(?:\\[bBc]|\{(?:\d*,)?(?:25[6-9]|2[6-9]\d|[3-9]\d\d|\d{4,})))"};
  auto result = parse_pattern(x);
  if (result && std::regex_search(*result, unlike)) {
    x.complain("has \\b, \\B, \\c or a bound above 255, which PostgreSQL reads differently");
    return std::nullopt;
  }
  return result;
}

void read_patterns(const value& self, std::optional<std::string> (*parse)(const value&),
                   std::optional<std::vector<std::string>>& x) {
  self.describe();
  if (!self.given())
    return;
  auto& list = x.emplace();
  self.each([&](const value& item) {
    std::string pattern;
    if (item.given())
      item.read(pattern, parse);
    if (!pattern.empty())
      list.push_back(std::move(pattern));
  });
}

std::vector<std::regex> compiled(const std::vector<std::string>& patterns) {
  std::vector<std::regex> result;
  for (const auto& x : patterns)
    try {
      result.emplace_back(x, pattern_flavour);
    } catch (const std::regex_error&) {
      result.emplace_back("[^\\s\\S]");
    }
  return result;
}

} // namespace pgstatsmon
