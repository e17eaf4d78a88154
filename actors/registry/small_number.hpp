// A number in two bytes, for what is remembered of many backends.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace pgstatsmon {

/// A number from 0 to 2^44 with eleven binary digits: whole numbers up to 2048 are exact, others
/// are right to 0.05 %. What is less than 2^-20 is 0, and so is what is negative; what is more than
/// 2^44 is that. NaN stays NaN.
class small_number {
public:
  /// NaN.
  small_number() = default;

  explicit small_number(double x) noexcept : code_{encode(x)} {}

  [[nodiscard]] double value() const noexcept {
    if (code_ == unknown)
      return std::numeric_limits<double>::quiet_NaN();
    if (code_ == 0)
      return 0;
    auto exponent = static_cast<int>(code_ >> digits) - offset;
    return std::ldexp(1 + static_cast<double>(code_ & mask) / (mask + 1), exponent);
  }

private:
  static constexpr unsigned digits = 10;
  static constexpr uint16_t mask = (1U << digits) - 1;
  static constexpr int offset = 20;
  static constexpr int max_exponent = (1 << (16 - digits)) - 1;
  static constexpr uint16_t unknown = std::numeric_limits<uint16_t>::max();

  static uint16_t encode(double x) noexcept {
    if (std::isnan(x))
      return unknown;
    if (x <= 0)
      return 0;
    if (std::isinf(x))
      return unknown - 1;
    int exponent = 0;
    auto fraction = std::frexp(x, &exponent) * 2 - 1; // x is (1 + fraction) * 2^(exponent - 1)
    auto rounded = static_cast<int>(std::lround(fraction * (mask + 1)));
    auto power = exponent - 1 + offset + (rounded > mask ? 1 : 0);
    if (power < 0)
      return 0;
    auto code = (power << digits) + (rounded > mask ? 0 : rounded);
    return power > max_exponent || code >= unknown ? unknown - 1 : static_cast<uint16_t>(code);
  }

  uint16_t code_ = unknown;
};

} // namespace pgstatsmon
