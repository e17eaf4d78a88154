// What CLUSTER and the engine that keeps leases say to each other, for daemons that share a fleet.
// Where these say member, it is such a daemon. These never leave the process.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// What a member says of itself to the others.
struct member_record {
  std::string id{};          ///< Its name, unique in the fleet.
  std::string address{};     ///< Where its page is, `host:port`.
  double weight = 1;         ///< Its part of the fleet, relative to the others'; positive.
  uint32_t layout = 0;       ///< layout_version.
  std::string version{};     ///< The program's.
  std::string fingerprint{}; ///< Of what all members should be configured alike.
  std::string life{};        ///< Another one after each start.
  bool leaving = false;      ///< It ends, and gives away what it has.

  friend bool operator==(const member_record&, const member_record&) = default;
};

/// A slot that somebody has, and the number of that having of it: never used again.
struct owned_slot {
  uint16_t slot = 0;
  uint64_t fence = 0;

  friend bool operator==(const owned_slot&, const owned_slot&) = default;
};

/// To an engine: acquire or prolong, release, take, and say what is there then. An engine carries
/// out all or nothing of it, or does not answer; then nothing is known.
struct engine_order {
  member_record self;
  caf::timespan ttl{0};              ///< Of the lease, from now on.
  bool prolong = true;               ///< Acquire the lease, or prolong it.
  bool leave = false;                ///< End it, and all that hangs on it.
  uint32_t layout = 0;               ///< Make this the fleet's, if it is larger; 0: leave it.
  std::vector<owned_slot> release{}; ///< Only with these fences: later ones stay.
  std::vector<uint16_t> claim{};     ///< Those of them that nobody has.
};

/// A member that is there.
struct seen_member {
  member_record record;
  caf::timespan age{0}; ///< For how long it has had its lease.

  friend bool operator==(const seen_member&, const seen_member&) = default;
};

/// What an engine has of a fleet, at one moment. Immutable.
struct engine_view {
  bool held = false;                  ///< The member that asks has its lease.
  bool taken = false;                 ///< Another live daemon has its name.
  uint32_t layout = 0;                ///< The fleet's; 0: none yet.
  std::vector<seen_member> members{}; ///< Whose leases live, in the order of their ids.

  /// For each slot the number in `members` of who has it, or -1, and the fence.
  std::array<int16_t, 1024> owners{};
  std::array<uint64_t, 1024> fences{};
};

using engine_view_ptr = std::shared_ptr<const engine_view>;

/// From an engine.
struct engine_answer {
  engine_view_ptr view; ///< Never null; the same one when nothing has changed but ages.
};

/// To CLUSTER: a backend's session has ended.
struct session_over {
  std::string backend; ///< Its id.
};

} // namespace pgstatsmon

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::engine_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::engine_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgstatsmon::session_over)
