// The settings that our sessions have, whatever the server, the database or the role would give
// them: what names mean, how values are written, how long a statement may take.
#pragma once

#include <cstdint>
#include <string>

namespace pgstatsmon {

/// What differs between our sessions.
struct session_limits {
  int64_t statement_timeout = 0; ///< ms; > 0.
  int64_t lock_timeout = 0;      ///< ms; > 0.
  bool read_only = true;

  friend bool operator==(const session_limits&, const session_limits&) = default;
};

/// The startup packet's `options`: what must hold before the first statement does, as a setting of
/// the database can run code, refuse the session or end it before. Only what every version knows,
/// and what `version` is known to know.
/// @param version Of the server as it was last seen; 0: not seen yet.
std::string startup_options(const session_limits& limits, int32_t version);

/// One statement that sets everything for the rest of the session, where the server process at the
/// other end is the one that the session was promised. Behind a pooler, whose server session others
/// use too, it sets nothing. One row with one boolean: whether it is that process.
/// @param process As BackendKeyData named it.
std::string session_pins(const session_limits& limits, int32_t version, int32_t process);

/// One statement that sets everything up to the next Sync. What follows it within the same Sync
/// runs only if it succeeded, and nothing of it is left for whoever has the server session next.
std::string local_pins(const session_limits& limits, int32_t version);

/// One statement that gives another time limit to what follows within the same Sync, on a session
/// that has all other settings. Before PostgreSQL 11 the limit is of the whole Sync, and stays as
/// it was.
/// @param timeout ms.
std::string timeout_pin(int64_t timeout);

} // namespace pgstatsmon
