// What may be asked of an etcd, and what it answers: the narrow interface of its client.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// Why a call came to nothing.
enum class etcd_failure : uint8_t {
  unreachable,   ///< No endpoint answered in time, or what answered has no leader.
  refused,       ///< User, password or rights do not suffice.
  lost,          ///< The lease is gone: etcd does not know it, or it has run out.
  other_cluster, ///< What answered is not the cluster that answered before, or is older than it.
  broken,        ///< An answer that can't be understood, or a request that etcd does not take.
  busy,          ///< Too many calls wait already.
  ended,         ///< The client is going away.
};

/// The label value of a failure.
constexpr std::string_view to_string_view(etcd_failure x) noexcept {
  switch (x) {
  case etcd_failure::unreachable: return "unreachable";
  case etcd_failure::refused: return "refused";
  case etcd_failure::lost: return "lost";
  case etcd_failure::other_cluster: return "other_cluster";
  case etcd_failure::broken: return "broken";
  case etcd_failure::busy: return "busy";
  case etcd_failure::ended: return "ended";
  }
  return "unknown";
}

/// Why a call came to nothing. A write may have happened all the same, unless the reason is
/// `refused` or `busy`.
struct etcd_problem {
  etcd_failure reason = etcd_failure::unreachable;
  std::string what; ///< A sentence for the operator, without a dot.

  friend bool operator==(const etcd_problem&, const etcd_problem&) = default;
};

/// A key as it stands. Revisions and leases are etcd's own numbers.
struct etcd_key {
  std::string key;
  std::string value;
  int64_t create_revision = 0; ///< Of the store, when the key was made: a fencing number.
  int64_t mod_revision = 0;    ///< Of the store, when the key was last written.
  int64_t lease = 0;           ///< 0: none.

  friend bool operator==(const etcd_key&, const etcd_key&) = default;
};

/// Everything under a prefix, in the order of the keys.
struct etcd_range {
  std::vector<etcd_key> keys;
  int64_t revision = 0; ///< Of the store, at which all of this held.
};

struct etcd_put {
  std::string key;
  std::string value;
  int64_t lease = 0; ///< 0: none. One that is gone: etcd_failure::lost.
};

struct etcd_written {
  int64_t revision = 0;
};

/// Makes a key if there is none.
struct etcd_create {
  std::string key;
  std::string value;
  int64_t lease = 0;
};

struct etcd_created {
  bool made = false; ///< By this call.
  etcd_key key;      ///< As it stands: ours, or of whoever has it.
};

/// Deletes a key if it is still the one that was seen.
struct etcd_remove {
  std::string key;
  int64_t mod_revision = 0;
};

struct etcd_removed {
  bool done = false; ///< False: it is gone or another one.
};

struct etcd_lease {
  int64_t id = 0;
  std::chrono::seconds ttl{0}; ///< What etcd gave, which may be more than what was asked for.

  /// When the request went out that this answers: from then on the lease lives for `ttl` at least.
  std::chrono::steady_clock::time_point sent;
};

struct etcd_revoked {};

template <class T>
using etcd_result = std::variant<T, etcd_problem>;

/// Gets a call's result: once, on the client's thread. Must not block nor throw; may call again.
template <class T>
using etcd_done = std::function<void(etcd_result<T>)>;

/// How many keys a call of create() or remove() may have.
inline constexpr size_t etcd_max_batch = 64;

/// Calls that may wait at once.
inline constexpr size_t etcd_max_waiting = 1024;

/// An etcd, spoken to from any thread. Calls are carried out one after the other, those of leases
/// before others; each is answered within the client's deadline, whatever etcd does. Nothing is
/// repeated of which etcd may have done a part: a write that failed is to be looked at by a range.
class etcd_api {
public:
  virtual ~etcd_api() = default;

  /// Linearizable: no older than when it was asked for.
  virtual void range(std::string prefix, etcd_done<etcd_range> done) = 0;

  virtual void put(etcd_put x, etcd_done<etcd_written> done) = 0;

  /// All keys in one transaction, each for itself: made or not. No key twice.
  virtual void create(std::vector<etcd_create> xs, etcd_done<std::vector<etcd_created>> done) = 0;

  /// The same for deletions.
  virtual void remove(std::vector<etcd_remove> xs, etcd_done<std::vector<etcd_removed>> done) = 0;

  virtual void grant(std::chrono::seconds ttl, etcd_done<etcd_lease> done) = 0;

  /// Prolongs a lease. That an answer is good is no proof that its keys still stand: a range is.
  virtual void keepalive(int64_t lease, etcd_done<etcd_lease> done) = 0;

  /// Ends a lease, and with it its keys.
  virtual void revoke(int64_t lease, etcd_done<etcd_revoked> done) = 0;

  /// Says when it is time to read a range again: something under the prefix has changed, or it
  /// can't be known, as a watch has just begun (after each loss, and once a minute). A hint and no
  /// more: what it missed shows in the range that is read every half minute anyway.
  /// @param matters Whether a change of this key is worth a hint; empty: of any.
  /// @param hint Called on the client's thread; must not block nor throw.
  /// @returns what keeps the watch alive. Once it is gone, `hint` is called no more, except by a
  /// call that is under way on the client's thread.
  [[nodiscard]] virtual std::shared_ptr<void>
  watch(std::string prefix, std::function<bool(std::string_view key)> matters,
        std::function<void()> hint) = 0;
};

} // namespace pgstatsmon
