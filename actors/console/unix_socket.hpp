// The console's listening socket.
#pragma once

#include <caf/expected.hpp>

#include <string>

namespace pgstatsmon {

/// Opens a Unix socket that listens, mode 0660, non-blocking and closed on exec. What a daemon that
/// is gone has left there is replaced; a socket that somebody listens on is not.
/// @returns the descriptor, which the caller closes; ec::listen_failed with the reason.
caf::expected<int> listen_at(const std::string& path);

} // namespace pgstatsmon
