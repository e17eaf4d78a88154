// What a session is told when it connects: libpq keywords, time limits, settings.
#pragma once

#include "actors/backend/session.hpp"
#include "config/settings.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// Who connects, and how.
struct credentials {
  std::string user;
  std::string password; ///< Empty: none, or what libpq finds in its password file.
};

/// The keywords of a session that polls. The startup packet carries what every supported version
/// knows: statement_timeout (query_timeout), lock_timeout (half of it) and
/// default_transaction_read_only, unless guards are off.
/// @param addresses Literal addresses of the backend's host, in the order in which to try them;
/// empty when backend::address is one already, or a directory of Unix sockets.
connect_parameters polling_parameters(const backend& target, const connection_settings& options,
                                      const credentials& who,
                                      const std::vector<std::string>& addresses);

/// The keywords of a session that sets a backend up: it may write, and waits longer for locks.
connect_parameters setup_parameters(const backend& target, const connection_settings& options,
                                    const credentials& who,
                                    const std::vector<std::string>& addresses);

/// One statement that sets what not every version knows: no JIT, no parallel workers, an end to
/// forgotten transactions and to queries whose client is gone. It fails alone.
std::string guard_sql(int32_t version, const connection_settings& options);

/// True when the address needs the name service: neither a literal address nor a directory.
bool needs_resolution(const std::string& address);

/// The first line of a password file. An empty name gives an empty password.
/// @returns ec::unreadable_file with the reason, never with the content.
caf::expected<std::string> read_password(const std::string& file);

} // namespace pgstatsmon
