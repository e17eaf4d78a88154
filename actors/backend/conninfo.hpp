// What a session is told when it connects: libpq keywords, time limits, settings.
#pragma once

#include "actors/backend/pins.hpp"
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

/// What is known of a server before a session has begun.
struct server_memory {
  int32_t version = 0;       ///< As it was last seen; 0: not seen yet.
  bool takes_options = true; ///< It has not refused startup options yet.
};

/// What a server may send to a session that polls.
receive_limits bounds_of(const connection_settings& options);

/// The time limits of a session that polls: query_timeout for a statement, half of it for a lock.
session_limits polling_limits(const connection_settings& options);

/// Those of a session that sets a backend up: it may write, and waits longer for locks.
session_limits setup_limits();

/// The parameters of a session that polls, with startup_options() unless guards are off or the
/// server takes none.
/// @param addresses Literal addresses of the backend's host, in the order in which to try them;
/// empty when backend::address is one already, or a directory of Unix sockets.
connect_parameters polling_parameters(const backend& target, const connection_settings& options,
                                      const credentials& who,
                                      const std::vector<std::string>& addresses,
                                      const server_memory& known = {});

/// The parameters of a session that sets a backend up.
connect_parameters setup_parameters(const backend& target, const connection_settings& options,
                                    const credentials& who,
                                    const std::vector<std::string>& addresses,
                                    const server_memory& known = {});

/// The file that has the password of the polling role of a backend; empty: none has.
const std::string& password_file_of(const backend& target, const settings& options);

/// Whether two descriptions of one backend lead to other sessions: with another password file or
/// other parameters.
bool connects_otherwise(const backend& x, const backend& y);

/// True when the address needs the name service: neither a literal address nor a directory.
bool needs_resolution(const std::string& address);

/// The first line of a password file. An empty name gives an empty password.
/// @returns ec::unreadable_file with the reason, never with the content.
caf::expected<std::string> read_password(const std::string& file);

} // namespace pgstatsmon
