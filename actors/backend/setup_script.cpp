// What setup does, for a DBA to paste.
#include "actors/backend/setup_script.hpp"

#include "actors/backend/setup_sql.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgstatsmon {

namespace {

std::optional<int32_t> whole_number(std::string_view text) {
  int32_t result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size() || result < 0)
    return std::nullopt;
  return result;
}

std::string version_words(int32_t x) {
  return x < 100000 ? fmt::format("{}.{}", x / 10000, x / 100 % 100) : std::to_string(x / 10000);
}

/// A DO of a body that is easier to read than one in quotes.
std::string block(std::string_view body) {
  std::string tag = "$pgstatsmon$";
  for (auto i = 1; body.find(tag) != std::string_view::npos; ++i)
    tag = fmt::format("$pgstatsmon{}$", i);
  return fmt::format("DO {0}{1}{0};\n", tag, body);
}

/// A name for a line of pg_hba.conf, where some words mean more than a name.
std::string quoted_for_hba(std::string_view name) {
  return '"' + std::string{name} + '"';
}

std::string databases_for_hba(const role_needs& role) {
  if (role.all_databases)
    return "all";
  std::string result;
  for (const auto& x : role.databases)
    result += (result.empty() ? "" : ",") + quoted_for_hba(x);
  return result;
}

void append_hba(std::string& to, const role_needs& role) {
  auto databases = databases_for_hba(role);
  auto user = quoted_for_hba(role.user);
  if (role.over_tcp)
    to += fmt::format("-- {}  {}  {}  ADDRESS/32  scram-sha-256\n", role.tls ? "hostssl" : "host",
                      databases, user);
  if (role.over_socket)
    to += fmt::format("-- local  {}  {}  peer\n", databases, user);
}

/// psql's: lets it type the password, which never is on the screen or in the server's log.
std::string password_command(std::string_view user) {
  return fmt::format("\\password {}\n", quote_identifier(user));
}

void append_role(std::string& to, const role_needs& role, int32_t version) {
  auto bodies = setup_bodies(version, role.user, {}, role.visits);
  to +=
    fmt::format("\n-- The role {}: as a superuser, on the primary, in database postgres. What is"
                " there already stays.\n",
                one_line(role.user));
  to += block(bodies.front());
  to += password_command(role.user);
  if (!setup_is_by_database(version))
    return;
  for (const auto& database : role.databases) {
    to += fmt::format("\n-- Before PostgreSQL 10, in each watched database.\n\\connect {}\n",
                      quote_identifier(database));
    to += block(bodies.back());
  }
}

} // namespace

std::optional<int32_t> parse_server_version(std::string_view text) {
  constexpr int32_t oldest = 90200;
  constexpr int32_t newest = 1'000'000;
  auto dot = text.find('.');
  auto major = whole_number(text.substr(0, dot));
  auto minor =
    dot == std::string_view::npos ? std::optional{0} : whole_number(text.substr(dot + 1));
  if (!major || !minor || *major > newest || *minor > 99)
    return std::nullopt;
  auto result = *major >= oldest && dot == std::string_view::npos ? *major
                : *major < 10                                     ? *major * 10000 + *minor * 100
                                                                  : *major * 10000 + *minor;
  if (result < oldest || result >= newest)
    return std::nullopt;
  return result;
}

std::string setup_script(const std::vector<role_needs>& roles, int32_t server_version) {
  auto result =
    fmt::format("-- For psql, on PostgreSQL {}{}. This is what setup does by itself where it"
                " is enabled.\n",
                version_words(server_version), server_version >= 160000 ? " or later" : "");
  std::string lines;
  for (const auto& role : roles) {
    if (role.over_tcp || role.over_socket)
      append_role(result, role, server_version);
    append_hba(lines, role);
  }
  if (!lines.empty())
    result +=
      "\n-- pg_hba.conf of each server, above lines that match more; ADDRESS is where pgstatsmon"
      " connects from:\n"
      + lines;
  for (const auto& role : roles)
    if (role.pgbouncers)
      result += fmt::format("\n-- pgbouncer.ini of each pgbouncer:\n-- stats_users = {}\n",
                            one_line(role.user));
  return result;
}

} // namespace pgstatsmon
