// Number formatting over std::to_chars, with a path of its own for integers, which most values are.
#include "actors/registry/number.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace pgstatsmon {

namespace {

// From here on not every integer is a double, and the shortest form is not the exact one.
constexpr double exact_integers = 9007199254740992.0;

char* put(char* to, std::string_view x) noexcept {
  std::memcpy(to, x.data(), x.size());
  return to + x.size();
}

} // namespace

char* write_number(char* to, double value) noexcept {
  if (value > -exact_integers && value < exact_integers) {
    auto integer = static_cast<int64_t>(value);
    if (static_cast<double>(integer) == value)
      return std::to_chars(to, to + max_number_size, integer).ptr;
  } else if (std::isnan(value)) {
    return put(to, "NaN");
  } else if (std::isinf(value)) {
    return put(to, value > 0 ? "+Inf" : "-Inf");
  }
  return std::to_chars(to, to + max_number_size, value).ptr;
}

char* write_number(char* to, uint64_t x) noexcept {
  return std::to_chars(to, to + max_number_size, x).ptr;
}

} // namespace pgstatsmon
