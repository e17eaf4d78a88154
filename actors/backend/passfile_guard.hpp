// Keeps libpq from a password file that it would only complain about, on stderr.
#pragma once

#include "actors/backend/complaint.hpp"
#include "actors/backend/session.hpp"

#include <mutex>

namespace pgstatsmon {

/// One for all CONNECTIONs, as the file is mostly the same: the log has its fault once. Any thread.
class passfile_guard {
public:
  /// The keywords for a session, without a password file that libpq would refuse to read.
  connect_parameters checked(connect_parameters keywords);

private:
  std::mutex mutex_;
  complaint refused_;
};

} // namespace pgstatsmon
