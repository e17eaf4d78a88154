// Sessions on libpq, and what else of it is needed.
#pragma once

#include "actors/backend/session.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Makes sessions with PostgreSQL servers, in pipeline mode.
/// @param fleet Counts what sessions read together.
session_factory pq_sessions(std::shared_ptr<fleet_bytes> fleet = std::make_shared<fleet_bytes>(0));

/// Makes sessions with consoles of pgbouncers. Those take the simple query protocol only, and libpq
/// sends one query of that at a time: a flight goes out statement by statement, each when the
/// answer to the one before is complete. Only the SQL of a statement counts: a console prepares
/// nothing and has no pins. There is nothing to cancel, as a console answers at once, and to a
/// cancel request with RESUME where somebody has paused it.
session_factory
console_sessions(std::shared_ptr<fleet_bytes> fleet = std::make_shared<fleet_bytes>(0));

/// What the server keeps instead of a password: a SCRAM verifier, from 10 on, or an md5 hash.
/// Costs some ms of CPU. Empty when libpq can't make one.
std::string password_verifier(const std::string& user, std::string_view password, int32_t version);

} // namespace pgstatsmon
