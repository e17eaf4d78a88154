// What to say, and to whom to count it, when a backend is not what its `kind` says. Pure.
#pragma once

#include "actors/backend/session.hpp"
#include "messages/backend.hpp"

#include <optional>

namespace pgstatsmon {

/// The error of a session with something else than its backend's kind; nothing when it is right.
/// The sentence names the option to change.
std::optional<session_error> wrong_kind(backend_kind wanted, const server_facts& found);

/// A refusal as it is to be counted and shown: who is not in `stats_users` is told so, and so is
/// who asks a PostgreSQL server for a console, or the other way round.
session_error explained(session_error refusal, const backend& target);

} // namespace pgstatsmon
