// What setup does, for a DBA to paste: SQL for psql, lines for pg_hba.conf. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// What one polling role needs on the servers of a configuration.
struct role_needs {
  std::string user;
  std::set<std::string> databases{}; ///< That it connects to.
  bool all_databases = false;        ///< ... and every other one.
  uint32_t visits = 0;               ///< Sessions in other databases, at most.
  bool over_tcp = false;
  bool over_socket = false;
  bool tls = false;        ///< Its connections are encrypted, whatever the server offers.
  bool pgbouncers = false; ///< It looks at their consoles.
};

/// A version as people write it: `15`, `9.6`, `15.18`, or as server_version_num has it, `150018`.
/// @returns what server_version_num would be, from 90200 on; nothing for anything else.
std::optional<int32_t> parse_server_version(std::string_view text);

/// The script for psql, whose SQL is what setup sends, with the lines for pg_hba.conf as comments.
/// @param server_version As `server_version_num` has it.
std::string setup_script(const std::vector<role_needs>& roles, int32_t server_version);

} // namespace pgstatsmon
