// Text, numbers, times, labels and patterns.
#include "config/values.hpp"

#include "config/labels.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <regex>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

constexpr std::string_view time_forms = R"(milliseconds or a time like "10s")";
constexpr double max_ms = 24.0 * 60 * 60 * 1000;

// libstdc++ compiles a regular expression recursively.
constexpr size_t max_pattern = 256;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+'))
    text.remove_prefix(1);
  double result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error == std::errc::result_out_of_range)
    return HUGE_VAL;
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

using unit_factor = std::pair<std::string_view, double>;

/// The number of "10s" times its unit's factor; nothing when there is no number or no unit.
template <size_t N>
std::optional<double> with_unit(std::string_view text, const std::array<unit_factor, N>& units) {
  for (auto [unit, factor] : units)
    if (text.ends_with(unit))
      if (auto number = to_number(text.substr(0, text.size() - unit.size())))
        return *number * factor;
  return std::nullopt;
}

std::optional<double> to_milliseconds(std::string_view text) {
  constexpr std::array<unit_factor, 4> units{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  return with_unit(text, units);
}

std::optional<double> to_bytes(std::string_view text) {
  constexpr std::array<unit_factor, 3> units{{{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}}};
  return with_unit(text, units);
}

std::string size_text(uint64_t bytes) {
  if (bytes % (1U << 20U) == 0)
    return std::to_string(bytes >> 20U) + " MiB";
  return std::to_string(bytes >> 10U) + " KiB";
}

std::string_view trimmed(std::string_view x) {
  constexpr std::string_view space = " \t\r\n\v\f";
  auto first = x.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return x.substr(first, x.find_last_not_of(space) - first + 1);
}

std::string round_number(double x) {
  std::array<char, 32> text{};
  auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), x);
  return {text.data(), end};
}

label_list read_labels(const value& self, labelled on) {
  label_list result;
  self.each_entry([&](std::string_view key, const value& entry) {
    std::string name{trimmed(key)};
    if (auto what = label_name_fault(name, on); !what.empty())
      return entry.complain(what);
    if (std::ranges::find(result, name, &label_list::value_type::first) != result.end())
      return entry.complain("is given twice");
    auto text = parse_any_text(entry);
    if (!text)
      return;
    self.run().static_labels.push_back(entry.place(name));
    result.emplace_back(std::move(name), std::move(*text));
  });
  return result;
}

} // namespace

std::optional<backend_kind> parse_kind(const value& x) {
  return choice<backend_kind>(
    {{"postgres", backend_kind::postgres}, {"pgbouncer", backend_kind::pgbouncer}})(x);
}

std::optional<bool> parse_boolean(const value& x) {
  if (x.node().type == kind::boolean)
    return x.node().text.front() == 't' || x.node().text.front() == 'T';
  x.complain_type("true or false");
  return std::nullopt;
}

std::optional<std::string> parse_text(const value& x) {
  if (x.node().type != kind::string) {
    x.complain_type(x.node().type == kind::number || x.node().type == kind::boolean
                      ? "a string: put it in quotes"
                      : "a string");
    return std::nullopt;
  }
  if (std::ranges::any_of(x.node().text, is_control)) {
    x.complain("has a control character, expected a string of one line");
    return std::nullopt;
  }
  return x.node().text;
}

std::optional<std::string> parse_word(const value& x) {
  auto result = parse_text(x);
  if (result && result->empty()) {
    x.complain("is empty, expected a string");
    return std::nullopt;
  }
  return result;
}

std::optional<std::string> parse_any_text(const value& x) {
  auto type = x.node().type;
  if (type == kind::number || type == kind::boolean || type == kind::string)
    return std::string{trimmed(x.node().text)};
  x.complain_type("a string, a number or a boolean");
  return std::nullopt;
}

std::optional<double> parse_number(const value& x, double low, double high) {
  auto expected = "a number from " + round_number(low) + " to " + round_number(high);
  if (x.node().type != kind::number) {
    x.complain_type(expected);
    return std::nullopt;
  }
  auto result = to_number(x.node().text);
  if (result && *result >= low && *result <= high)
    return result;
  x.complain("is " + x.as_written() + ", expected " + expected);
  return std::nullopt;
}

std::optional<uint64_t> parse_integer(const value& x, uint64_t low, uint64_t high) {
  auto expected = "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  if (x.node().type != kind::number) {
    x.complain_type(expected);
    return std::nullopt;
  }
  auto result = to_number(x.node().text);
  if (result && *result >= static_cast<double>(low) && *result <= static_cast<double>(high)
      && *result == std::floor(*result))
    return static_cast<uint64_t>(*result);
  x.complain("is " + x.as_written() + ", expected " + expected);
  return std::nullopt;
}

std::optional<uint64_t> parse_bytes(const value& x, uint64_t low, uint64_t high) {
  constexpr std::string_view forms = R"(bytes or a size like "16MiB")";
  std::optional<double> size;
  if (x.node().type == kind::number)
    size = to_number(x.node().text);
  else if (x.node().type == kind::string)
    size = to_bytes(x.node().text);
  if (!size && x.node().type == kind::string)
    x.complain("is no size, expected " + std::string{forms});
  else if (!size)
    x.complain_type(forms);
  else if (*size >= static_cast<double>(low) && *size <= static_cast<double>(high))
    return static_cast<uint64_t>(*size);
  else
    x.complain("is " + x.as_written() + ", expected " + size_text(low) + " to " + size_text(high)
               + ": " + std::string{forms});
  return std::nullopt;
}

std::optional<double> parse_share(const value& x) {
  std::string_view text{x.node().text};
  if (x.node().type == kind::string && text == "off")
    return 1;
  std::optional<double> percent;
  if (x.node().type == kind::string && text.ends_with('%'))
    percent = to_number(trimmed(text.substr(0, text.size() - 1)));
  if (percent && *percent >= 0.01 && *percent <= 100)
    return *percent / 100;
  x.complain(R"(is no share, expected one from "0.01%" to "100%", or "off")");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_time_or_none(const value& x) {
  auto none = (x.node().type == kind::number && to_number(x.node().text) == 0.0)
              || (x.node().type == kind::string && to_milliseconds(x.node().text) == 0.0);
  return none ? std::chrono::milliseconds{0} : parse_time(x);
}

std::optional<std::chrono::milliseconds> parse_time(const value& x) {
  std::optional<double> ms;
  if (x.node().type == kind::number)
    ms = to_number(x.node().text);
  else if (x.node().type == kind::string)
    ms = to_milliseconds(x.node().text);
  if (!ms && x.node().type == kind::string)
    x.complain("is no time, expected " + std::string{time_forms});
  else if (!ms)
    x.complain_type(time_forms);
  else if (*ms >= 1 && *ms <= max_ms)
    return std::chrono::milliseconds{std::llround(*ms)};
  else
    x.complain("is " + x.as_written() + ", expected 1 ms to 24 h: " + std::string{time_forms});
  return std::nullopt;
}

std::optional<label_list> parse_labels(const value& x) {
  return read_labels(x, labelled::backends);
}

std::optional<label_list> parse_metadata(const value& x) {
  return read_labels(x, labelled::everything);
}

std::optional<std::string> parse_regex(const value& x) {
  auto result = parse_word(x);
  if (!result)
    return std::nullopt;
  if (result->size() > max_pattern) {
    x.complain("is too long, expected at most " + std::to_string(max_pattern) + " characters");
    return std::nullopt;
  }
  try {
    std::regex compiled{*result, std::regex::ECMAScript};
    return result;
  } catch (const std::regex_error&) {
    x.complain("is no regular expression, expected one of ECMAScript's");
    return std::nullopt;
  }
}

} // namespace pgstatsmon
