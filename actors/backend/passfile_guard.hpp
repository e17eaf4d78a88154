// Keeps libpq from a password file that it would only complain about, on stderr.
#pragma once

#include "actors/backend/complaint.hpp"
#include "config/connect_parameters.hpp"

#include <mutex>

namespace pgstatsmon {

/// One for all CONNECTIONs, as the file is mostly the same: the log has its fault once. Any thread.
class passfile_guard {
public:
  /// The parameters of a session, without a password file that libpq would refuse to read.
  connect_parameters checked(connect_parameters parameters);

private:
  std::mutex mutex_;
  complaint refused_;
};

} // namespace pgstatsmon
