// libpq keywords, time limits, settings.
#include "actors/backend/conninfo.hpp"

#include "config/socket_directory.hpp"

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

connect_parameters base_parameters(const backend& target, const connection_settings& options,
                                   const credentials& who,
                                   const std::vector<std::string>& addresses) {
  auto given = options.parameters;
  for (const auto& [keyword, value] : target.parameters)
    given.add(keyword, value);
  // libpq tries several addresses when host and hostaddr are lists of one length.
  std::vector<std::string> hosts(std::max<size_t>(addresses.size(), 1), target.address);
  connect_parameters result{{"host", fmt::format("{}", fmt::join(hosts, ","))}};
  // A directory of Unix sockets in the configuration is the way to every backend.
  if (!addresses.empty() && !given.contains("host"))
    result.add("hostaddr", fmt::format("{}", fmt::join(addresses, ",")));
  result.add("port", std::to_string(target.port));
  result.add("dbname", target.database);
  result.add("user", who.user);
  if (!who.password.empty())
    result.add("password", who.password);
  result.add("client_encoding", "UTF8");
  auto otherwise = [&](const char* keyword, std::string value) {
    if (!given.contains(keyword))
      result.add(keyword, std::move(value));
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
  result.add(given);
  return result;
}

} // namespace

connect_parameters polling_parameters(const backend& target, const connection_settings& options,
                                      const credentials& who,
                                      const std::vector<std::string>& addresses,
                                      const server_memory& known) {
  auto result = base_parameters(target, options, who, addresses);
  if (options.guards && known.takes_options)
    result.add("options", startup_options(polling_limits(options), known.version));
  return result;
}

connect_parameters setup_parameters(const backend& target, const connection_settings& options,
                                    const credentials& who,
                                    const std::vector<std::string>& addresses,
                                    const server_memory& known) {
  auto result = base_parameters(target, options, who, addresses);
  if (options.guards && known.takes_options)
    result.add("options", startup_options(setup_limits(), known.version));
  return result;
}

receive_limits bounds_of(const connection_settings& options) {
  return {.query = options.max_query_bytes,
          .poll = options.max_poll_bytes,
          .fleet = options.max_fleet_bytes};
}

session_limits polling_limits(const connection_settings& options) {
  auto limit = options.query_timeout.count();
  return {
    .statement_timeout = limit, .lock_timeout = std::max<int64_t>(limit / 2, 1), .read_only = true};
}

session_limits setup_limits() {
  return {.statement_timeout = 5000, .lock_timeout = 3000, .read_only = false};
}

const std::string& password_file_of(const backend& target, const settings& options) {
  return target.password_file.empty() ? options.password_file : target.password_file;
}

bool connects_otherwise(const backend& x, const backend& y) {
  return x.password_file != y.password_file || x.parameters != y.parameters;
}

bool needs_resolution(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  // A zone (fe80::1%eth0) is part of a literal address.
  auto bare = address.substr(0, address.find('%'));
  return !is_socket_directory(address) && inet_pton(AF_INET, bare.c_str(), ignored.data()) != 1
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
