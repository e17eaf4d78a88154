// Passwords' hashes, Go's durations, texts of several lines.
#include "config/web_values.hpp"

#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;
using std::chrono::nanoseconds;

constexpr auto longest = std::chrono::hours{24};

// A second or so; every step doubles it.
constexpr unsigned slow_cost = 14;

std::optional<unsigned> bcrypt_cost(std::string_view x) {
  constexpr std::string_view letters =
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr size_t length = 60;
  constexpr size_t head = 7; // $2y$10$
  if (x.size() != length
      || !(x.starts_with("$2a$") || x.starts_with("$2b$") || x.starts_with("$2y$")) || x[6] != '$'
      || x.substr(head).find_first_not_of(letters) != std::string_view::npos)
    return std::nullopt;
  unsigned cost = 0;
  auto [end, error] = std::from_chars(x.data() + 4, x.data() + 6, cost);
  if (error != std::errc{} || end != x.data() + 6 || cost < 4 || cost > 31)
    return std::nullopt;
  return cost;
}

/// Takes one `1.5h` off the text, in nanoseconds.
std::optional<double> take_part(std::string_view& x) {
  using unit_factor = std::pair<std::string_view, double>;
  // Those that begin alike: the longer one first.
  constexpr std::array<unit_factor, 8> units{{{"ns", 1},
                                              {"us", 1e3},
                                              {"\u00b5s", 1e3},
                                              {"\u03bcs", 1e3},
                                              {"ms", 1e6},
                                              {"s", 1e9},
                                              {"m", 6e10},
                                              {"h", 3.6e12}}};
  double number = 0;
  auto [end, error] =
    std::from_chars(x.data(), x.data() + x.size(), number, std::chars_format::fixed);
  if (error != std::errc{})
    return std::nullopt;
  x.remove_prefix(static_cast<size_t>(end - x.data()));
  for (auto [unit, factor] : units)
    if (x.starts_with(unit)) {
      x.remove_prefix(unit.size());
      return number * factor;
    }
  return std::nullopt;
}

std::optional<double> to_nanoseconds(const document_node& x) {
  std::string_view text = x.text;
  double result = 0;
  if (x.type == kind::number) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{result}
                                                                    : std::nullopt;
  }
  if (x.type != kind::string || text.empty())
    return std::nullopt;
  while (!text.empty()) {
    auto part = take_part(text);
    if (!part)
      return std::nullopt;
    result += *part;
  }
  return result;
}

} // namespace

std::optional<placed_text> parse_placed(const value& x) {
  if (x.node().type != kind::string || x.node().text.empty()) {
    if (x.node().type == kind::string)
      x.complain("is empty, expected PEM");
    else
      x.complain_type("PEM");
    return std::nullopt;
  }
  return placed_text{x.node().text, x.node().line, x.node().column, x.path()};
}

std::optional<placed_text> parse_placed_path(const value& x) {
  if (!parse_word(x))
    return std::nullopt;
  auto path = parse_path(x);
  if (!path)
    return std::nullopt;
  return placed_text{std::move(*path), x.node().line, x.node().column, x.path()};
}

std::optional<std::string> parse_bcrypt(const value& x) {
  if (x.node().type != kind::string) {
    x.complain_type("a bcrypt hash");
    return std::nullopt;
  }
  auto cost = bcrypt_cost(x.node().text);
  if (!cost) {
    x.complain("is no bcrypt hash, expected one that begins with $2a$, $2b$ or $2y$ and a cost");
    return std::nullopt;
  }
  if (*cost > slow_cost)
    x.warn("has the cost " + std::to_string(*cost)
           + ": a password takes seconds to check, or much longer; 10 is usual");
  return x.node().text;
}

std::optional<nanoseconds> parse_go_duration(const value& x) {
  constexpr std::string_view expected = R"(a time like "1s" or "1m30s", 0 to 24 h)";
  auto ns = to_nanoseconds(x.node());
  if (ns && *ns >= 0 && *ns <= static_cast<double>(nanoseconds{longest}.count()))
    return nanoseconds{static_cast<int64_t>(*ns)};
  if (x.node().type == kind::string || x.node().type == kind::number)
    x.complain("is no time of ours, expected " + std::string{expected});
  else
    x.complain_type(expected);
  return std::nullopt;
}

std::optional<std::string> parse_header(const value& x) {
  if (x.node().type == kind::null)
    return std::string{};
  if (x.node().type == kind::list || x.node().type == kind::object) {
    x.complain_type("a string");
    return std::nullopt;
  }
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!std::ranges::any_of(x.node().text, control))
    return x.node().text;
  x.complain("has a control character, expected a string of one line");
  return std::nullopt;
}

} // namespace pgstatsmon
