// Classes of errors.
#include "actors/backend/classify.hpp"

#include <algorithm>
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
  if (sqlstate.starts_with("57P"))
    return failure::ended;
  if (sqlstate.starts_with("08"))
    return failure::network;
  return failure::query;
}

bool may_come_from_preparing(std::string_view sqlstate) noexcept {
  // invalid_sql_statement_name; feature_not_supported: "cached plan must not change result type"
  return sqlstate == "26000" || sqlstate == "0A000";
}

bool may_come_from_absence(std::string_view sqlstate) noexcept {
  static constexpr std::array<std::string_view, 6> signs{
    "3F000", // invalid_schema_name
    "42501", // insufficient_privilege
    "42703", // undefined_column
    "42704", // undefined_object
    "42883", // undefined_function
    "42P01", // undefined_table
  };
  return std::ranges::find(signs, sqlstate) != signs.end();
}

bool may_come_from_options(std::string_view sqlstate) noexcept {
  static constexpr std::array<std::string_view, 6> signs{
    "08P01", // protocol_violation: pgbouncer's for everything
    "0A000", // feature_not_supported
    "22023", // invalid_parameter_value
    "42601", // syntax_error
    "42704", // undefined_object: no such setting
    "55P02", // cant_change_runtime_param
  };
  return std::ranges::find(signs, sqlstate) != signs.end();
}

namespace {

/// What libpq and the operating system say when no server has refused.
failure classify_words(std::string_view message) noexcept {
  static constexpr std::array<std::pair<std::string_view, failure>, 13> signs{{
    {"no password supplied", failure::auth},
    {"authentication method", failure::auth},
    {"SCRAM", failure::auth},
    {"could not translate host name", failure::dns},
    {"Connection refused", failure::refused},
    {"No such file or directory\n\tIs the server", failure::refused},
    {"timeout expired", failure::timeout},
    {"Connection timed out", failure::timeout},
    {"SSL", failure::tls},
    {"certificate", failure::tls},
    {"private key", failure::tls},
    {"server closed the connection", failure::network},
    {"could not receive data", failure::network},
  }};
  for (const auto& [sign, reason] : signs)
    if (message.find(sign) != std::string_view::npos)
      return reason;
  auto unreachable = message.find("unreachable") != std::string_view::npos
                     || message.find("No route to host") != std::string_view::npos
                     || message.find("reset by peer") != std::string_view::npos;
  return unreachable ? failure::network : failure::other;
}

/// Where `: SQLSTATE: ` begins in "FATAL:  28P01: text"; npos when no server said one.
size_t find_sqlstate(std::string_view text) noexcept {
  auto is_code = [&](size_t i) {
    for (auto c : text.substr(i, 5))
      if ((c < '0' || c > '9') && (c < 'A' || c > 'Z'))
        return false;
    return text.size() >= i + 7 && text.substr(i + 5, 2) == ": ";
  };
  // The last one: of several addresses the last refusal is what ended the attempt.
  for (auto i = text.rfind(":  "); i != std::string_view::npos && i > 0;
       i = text.rfind(":  ", i - 1))
    if (is_code(i + 3))
      return i + 3;
  return std::string_view::npos;
}

/// @param routine The server's function that refused; empty when it, or a pooler, does not say.
failure classify_refusal(std::string_view sqlstate, std::string_view routine) noexcept {
  if (sqlstate == "42501") // no CONNECT privilege on the database
    return failure::auth;
  if (sqlstate == "08P01") // something answered, and did not like what we said
    return failure::other;
  if (sqlstate == "3D000")
    return failure::no_database;
  // Words are in the server's language, names of functions in nobody's.
  if (sqlstate == "53300" && (routine == "InitializeSessionUserId" || routine == "CheckMyDatabase"))
    return failure::role_limit;
  auto reason = classify_sqlstate(sqlstate);
  return reason == failure::query ? failure::other : reason;
}

/// The function in "LOCATION:  InitializeSessionUserId, miscinit.c:757"; libpq translates the first
/// word only where a locale is set, which the daemon never does.
std::string_view find_routine(std::string_view text) noexcept {
  constexpr std::string_view sign = "\nLOCATION:  ";
  auto i = text.rfind(sign);
  if (i == std::string_view::npos)
    return {};
  auto routine = text.substr(i + sign.size());
  return routine.substr(0, routine.find(','));
}

/// The words without what only programs read, of every refusal: one attempt has several, without
/// and with TLS or by address.
std::string without_details(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with("LOCATION:  "))
      continue;
    if (auto i = find_sqlstate(line); i != std::string_view::npos) {
      result += line.substr(0, i);
      line.remove_prefix(i + 7);
    }
    result += line;
    result += '\n';
  }
  return result;
}

} // namespace

connect_error parse_connect_error(std::string_view text) {
  auto i = find_sqlstate(text);
  if (i == std::string_view::npos)
    return {.reason = classify_words(text), .message = join_lines(text)};
  std::string sqlstate{text.substr(i, 5)};
  return {classify_refusal(sqlstate, find_routine(text.substr(i))), sqlstate,
          join_lines(without_details(text))};
}

namespace {

/// Whether a text, and a blank behind it, ends in a word and not in a stop.
bool ends_in_word(std::string_view text) noexcept {
  if (text.size() < 2 || text.back() != ' ')
    return false;
  auto last = static_cast<unsigned char>(text[text.size() - 2]);
  return last >= 0x80 || last == '"' || last == ')' || (last >= '0' && last <= '9')
         || (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z');
}

} // namespace

std::string join_lines(std::string_view message) {
  std::string result;
  auto broke = false;
  auto indented = false;
  for (auto c : message) {
    // Not in the middle of a character, if it is one.
    auto continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (result.size() >= max_message + (continues ? 3 : 0))
      return result + " ...";
    auto space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    indented = space ? c != '\n' : indented;
    broke = space ? broke || c == '\n' : broke;
    if (space && !result.empty() && result.back() != ' ')
      result += ' ';
    if (space)
      continue;
    // Each line of libpq's is a sentence, with or without a stop, or goes on indented.
    if (std::exchange(broke, false) && ends_in_word(result)) {
      if (c >= 'A' && c <= 'Z')
        result.insert(result.size() - 1, 1, '.');
      else if (c >= 'a' && c <= 'z' && !indented)
        result.insert(result.size() - 1, 1, ';');
    }
    result += c;
  }
  while (!result.empty() && result.back() == ' ')
    result.pop_back();
  return result;
}

} // namespace pgstatsmon
