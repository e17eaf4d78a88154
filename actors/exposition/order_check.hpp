// Whether a request may give an order: it comes from our own page, in the hands of a user of ours.
#pragma once

#include "actors/exposition/http_request.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Where a page finds its user's token, and sends it along with an order: another site's page can
/// do neither. Tokens of one process are another's noise. Any thread.
class order_tokens {
public:
  /// Throws when the system has no random numbers.
  order_tokens();

  /// A user's token: letters and digits.
  [[nodiscard]] std::string of(std::string_view user) const;

private:
  std::array<uint8_t, 32> key_{};
};

/// The header that has it.
inline constexpr std::string_view token_header = "X-Pgstatsmon-Token";

/// Why a POST request may not give orders: a sentence; empty: it may.
/// @param tokens Those of this process.
std::string_view order_refusal(const http_request& x, const order_tokens& tokens);

} // namespace pgstatsmon
