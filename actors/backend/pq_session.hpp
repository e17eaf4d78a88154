// The session on libpq: asynchronous calls and pipeline mode only.
#pragma once

#include "actors/backend/session.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace pgstatsmon {

/// Makes sessions on libpq, which count together what they read.
session_factory pq_sessions();

/// Sends a cancel request. Blocks for as long as connecting to the server takes, which
/// `tcp_user_timeout` bounds: for threads that may block.
void send_cancel(const cancel_ptr& request);

/// What the server keeps instead of a password: a SCRAM verifier, from 10 on, or an md5 hash.
/// Costs some ms of CPU. Empty when libpq can't make one.
std::string password_verifier(const std::string& user, std::string_view password, int32_t version);

} // namespace pgstatsmon
