// libpq keywords, time limits, settings.
#include "actors/backend/conninfo.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <arpa/inet.h>

namespace pgstatsmon {

namespace {

bool given(const connection_settings& options, std::string_view keyword) {
  return std::any_of(options.parameters.begin(), options.parameters.end(),
                     [&](const auto& x) { return x.first == keyword; });
}

connect_parameters base_parameters(const backend& target, const connection_settings& options,
                                   const credentials& who,
                                   const std::vector<std::string>& addresses) {
  // libpq tries several addresses when host and hostaddr are lists of one length.
  std::vector<std::string> hosts(std::max<size_t>(addresses.size(), 1), target.address);
  connect_parameters result{{"host", fmt::format("{}", fmt::join(hosts, ","))}};
  if (!addresses.empty())
    result.emplace_back("hostaddr", fmt::format("{}", fmt::join(addresses, ",")));
  result.emplace_back("port", std::to_string(target.port));
  result.emplace_back("dbname", target.database);
  result.emplace_back("user", who.user);
  if (!who.password.empty())
    result.emplace_back("password", who.password);
  result.emplace_back("client_encoding", "UTF8");
  auto otherwise = [&](const char* keyword, std::string value) {
    if (!given(options, keyword))
      result.emplace_back(keyword, std::move(value));
  };
  otherwise("application_name", "pgstatsmon");
  // Kerberos would cost every connect a look for tickets; who wants it says so.
  otherwise("gssencmode", "disable");
  // A peer that vanished without a word is found out while the connection idles, too.
  otherwise("keepalives_idle", "30");
  otherwise("keepalives_interval", "10");
  otherwise("keepalives_count", "3");
  // Also bounds the blocking connect of a cancel request.
  otherwise("tcp_user_timeout",
            std::to_string(options.connect_timeout.count() + options.query_timeout.count()));
  result.insert(result.end(), options.parameters.begin(), options.parameters.end());
  return result;
}

} // namespace

connect_parameters polling_parameters(const backend& target, const connection_settings& options,
                                      const credentials& who,
                                      const std::vector<std::string>& addresses) {
  auto result = base_parameters(target, options, who, addresses);
  if (options.guards) {
    auto limit = options.query_timeout.count();
    result.emplace_back("options", fmt::format("-c statement_timeout={} -c lock_timeout={} "
                                               "-c default_transaction_read_only=on",
                                               limit, std::max<int64_t>(limit / 2, 1)));
  }
  return result;
}

connect_parameters setup_parameters(const backend& target, const connection_settings& options,
                                    const credentials& who,
                                    const std::vector<std::string>& addresses) {
  auto result = base_parameters(target, options, who, addresses);
  if (options.guards)
    result.emplace_back("options", "-c statement_timeout=5000 -c lock_timeout=3000");
  return result;
}

std::string guard_sql(int32_t version, const connection_settings& options) {
  auto limit = options.query_timeout.count() + 1000;
  // A database without an encoding may hold bytes that are not UTF-8; the server refuses to send
  // them to a client that wants UTF-8.
  std::string sql = "SELECT pg_catalog.set_config('client_encoding', CASE "
                    "pg_catalog.current_setting('server_encoding') WHEN 'SQL_ASCII' "
                    "THEN 'SQL_ASCII' ELSE 'UTF8' END, false)";
  auto set = [&](int32_t from, std::string_view name, const std::string& value) {
    if (version >= from)
      sql += fmt::format(", pg_catalog.set_config('{}', '{}', false)", name, value);
  };
  set(90600, "idle_in_transaction_session_timeout", std::to_string(limit));
  set(90600, "max_parallel_workers_per_gather", "0");
  set(110000, "jit", "off");
  set(140000, "client_connection_check_interval", "1000");
  return sql;
}

bool needs_resolution(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  // A zone (fe80::1%eth0) is part of a literal address.
  auto bare = address.substr(0, address.find('%'));
  return !address.starts_with('/') && inet_pton(AF_INET, bare.c_str(), ignored.data()) != 1
         && inet_pton(AF_INET6, bare.c_str(), ignored.data()) != 1;
}

caf::expected<std::string> read_password(const std::string& file) {
  if (file.empty())
    return std::string{};
  std::ifstream in{file};
  std::string line;
  if (!in || (!std::getline(in, line) && !in.eof()))
    return caf::make_error(ec::unreadable_file,
                           fmt::format("cannot read {}: {}", file, std::strerror(errno)));
  if (line.ends_with('\r'))
    line.pop_back();
  return line;
}

} // namespace pgstatsmon
