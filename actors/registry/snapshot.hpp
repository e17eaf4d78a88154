// The snapshot: what the REGISTRY publishes and HTTP threads read without waiting for anyone.
#pragma once

#include "actors/registry/backend_metrics.hpp"
#include "actors/registry/block.hpp"
#include "messages/backend.hpp"
#include "messages/samples.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace pgstatsmon {

/// The blocks of a backend's other databases, in the order of their names. Immutable.
using block_list = std::vector<block_ptr>;
using block_list_ptr = std::shared_ptr<const block_list>;

/// One backend on the page. All but the newest blocks is fixed for its life.
struct entry {
  entry(backend value, incarnation life, metrics_ptr metrics);

  /// `pg_up`: connected, and its last poll was answered and has been on the page, where a block
  /// arrives a moment after the end of its poll.
  [[nodiscard]] bool up() const noexcept {
    return answered.load(std::memory_order_acquire) && metrics->up.load(std::memory_order_relaxed);
  }

  const backend value;
  const incarnation life;
  const std::string prefix; ///< `backend="name"`, escaped: what every series begins with.
  const std::string suffix; ///< `,datacenter="x"`, escaped: static labels, or empty.
  const metrics_ptr metrics;
  std::atomic<block_ptr> samples; ///< The newest block; null before the first, or when stale.
  std::atomic<block_list_ptr> databases; ///< Null unless others are visited.
  std::atomic<bool> answered{false};     ///< There has been a block.
};

/// What one page shows of a backend.
struct shown_blocks {
  block_ptr own;            ///< Null: none, or stale.
  block_list_ptr databases; ///< Null: none.

  [[nodiscard]] size_t series() const noexcept;
};

/// Takes those that are of a catalogue.
shown_blocks blocks_of(const entry& x, const catalogue_ptr& queries);

using entry_ptr = std::shared_ptr<entry>;

/// Every backend that is known, in the order of discovery. Immutable but for the entries' blocks.
using entry_list = std::vector<entry_ptr>;
using snapshot_ptr = std::shared_ptr<const entry_list>;

/// Where the REGISTRY leaves its newest snapshot. Any thread may read.
class snapshot_cell {
public:
  snapshot_cell() : value_{std::make_shared<const entry_list>()} {}

  [[nodiscard]] snapshot_ptr get() const { return value_.load(std::memory_order_acquire); }

  /// Only the REGISTRY calls this.
  void set(snapshot_ptr x) { value_.store(std::move(x), std::memory_order_release); }

private:
  std::atomic<snapshot_ptr> value_;
};

} // namespace pgstatsmon
