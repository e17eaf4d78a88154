// The snapshot: every backend that is known, for whoever makes a page.
#pragma once

#include "actors/registry/backend_metrics.hpp"
#include "actors/registry/block.hpp"
#include "messages/backend.hpp"
#include "messages/samples.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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

  /// Shows what the other one shows.
  void take_blocks_of(const entry& x) noexcept;

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
  bool answered = false;    ///< There has been a block, so that the backend may be shown as up.

  [[nodiscard]] size_t series() const noexcept;
};

/// Takes those that are of a catalogue.
shown_blocks blocks_of(const entry& x, const catalogue_ptr& queries);

using entry_ptr = std::shared_ptr<entry>;

/// Every backend that is known, in the order of discovery. Immutable but for the entries' blocks.
using entry_list = std::vector<entry_ptr>;
using snapshot_ptr = std::shared_ptr<const entry_list>;

/// The backends that the REGISTRY knows. A list of them is made when somebody asks and it has
/// changed since: thousands that come or go in one moment cost one list, not one each. Any thread
/// may ask; it, and the REGISTRY when a backend comes or goes, wait while a list is made, which is
/// copying a pointer for each backend.
class snapshot_cell {
public:
  /// The newest list; never null.
  [[nodiscard]] snapshot_ptr get() const;

  /// A backend is known, or takes the place of one of the same life. Only the REGISTRY calls this.
  void add(entry_ptr x);

  /// A backend is gone, if there was one. Only the REGISTRY calls this.
  void remove(incarnation life);

  /// Entries that were copied into lists since the start.
  [[nodiscard]] uint64_t copied() const;

private:
  mutable std::mutex mutex_;
  std::map<incarnation, entry_ptr> entries_;
  mutable snapshot_ptr list_; ///< Null: changed since the last one was made.
  mutable uint64_t copied_ = 0;
};

} // namespace pgstatsmon
