// The lease: a backend's right to one socket, which gives itself back.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/send.hpp>

#include <cstdint>
#include <utility>

namespace pgstatsmon {

/// Given out by the GATE. Whoever loses it, by dying with it or by never getting the message that
/// brings it, has given it back.
class lease {
public:
  lease(gate_actor gate, uint64_t ticket) : gate_{std::move(gate)}, ticket_{ticket} {}
  ~lease() { caf::anon_send(gate_, lease_returned{ticket_}); }
  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;

  /// The attempt has succeeded: somebody else may try now.
  void connected() const { caf::anon_send(gate_, lease_connected{ticket_}); }

private:
  gate_actor gate_;
  uint64_t ticket_;
};

} // namespace pgstatsmon
