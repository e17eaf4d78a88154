// Classes of errors.
#include "actors/backend/classify.hpp"

#include <array>
#include <utility>

namespace pgstatsmon {

failure classify_sqlstate(std::string_view sqlstate) noexcept {
  if (sqlstate.empty())
    return failure::network;
  if (sqlstate.starts_with("28"))
    return failure::auth;
  if (sqlstate == "57014" || sqlstate == "55P03")
    return failure::timeout;
  if (sqlstate == "53300")
    return failure::too_many_connections;
  if (sqlstate == "57P03")
    return failure::starting_up;
  if (sqlstate.starts_with("08") || sqlstate.starts_with("57P"))
    return failure::network;
  return failure::query;
}

failure classify_connect_error(std::string_view message) noexcept {
  // In this order: a server's refusal is more telling than what libpq says around it.
  static constexpr std::array<std::pair<std::string_view, failure>, 30> signs{{
    {"too many connections", failure::too_many_connections},
    {"too many clients", failure::too_many_connections},
    {"remaining connection slots are reserved", failure::too_many_connections},
    {"the database system is starting up", failure::starting_up},
    {"the database system is shutting down", failure::starting_up},
    {"the database system is in recovery mode", failure::starting_up},
    {"the database system is not yet accepting connections", failure::starting_up},
    {"the database system is not accepting connections", failure::starting_up},
    {"pg_hba.conf rejects connection", failure::auth},
    {"no pg_hba.conf entry", failure::auth},
    {"authentication failed", failure::auth},
    {"authentication method", failure::auth},
    {"no password supplied", failure::auth},
    {"role \"", failure::auth},
    {"permission denied for database", failure::auth},
    {"SCRAM", failure::auth},
    {"SSL", failure::tls},
    {"certificate", failure::tls},
    {"tls", failure::tls},
    {"private key", failure::tls},
    {"could not translate host name", failure::dns},
    {"Connection refused", failure::refused},
    {"No such file or directory", failure::refused},
    {"timeout expired", failure::timeout},
    {"Connection timed out", failure::timeout},
    {"No route to host", failure::network},
    {"Network is unreachable", failure::network},
    {"Connection reset", failure::network},
    {"server closed the connection", failure::network},
    {"could not receive data", failure::network},
  }};
  for (const auto& [sign, reason] : signs)
    if (message.find(sign) != std::string_view::npos)
      return reason;
  return failure::other;
}

std::string join_lines(std::string_view message) {
  std::string result;
  for (auto c : message) {
    auto space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space)
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  while (!result.empty() && result.back() == ' ')
    result.pop_back();
  return result;
}

} // namespace pgstatsmon
