// How a backend gets the right to a socket. These never leave the process.
#pragma once

#include "messages/backend.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>

namespace pgstatsmon {

class lease;

/// To the GATE: a backend wants to connect.
struct lease_request {
  incarnation life = 0;
  bool suspect = false; ///< It has failed for a while: others go first.
};

/// From the GATE: it may, and has a descriptor for as long as it keeps this.
struct lease_granted {
  std::shared_ptr<const lease> value; ///< Never null.
};

/// To the GATE, from a lease: the attempt has succeeded.
struct lease_connected {
  uint64_t ticket = 0;
};

/// To the GATE, from a lease: it is not needed any more.
struct lease_returned {
  uint64_t ticket = 0;
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lease_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lease_granted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lease_connected)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::lease_returned)
