// The REGISTRY keeps the newest block of each backend where the page finds it.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/snapshot.hpp"

#include <caf/actor_clock.hpp>
#include <caf/timespan.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>

namespace pgstatsmon {

struct registry_state {
  static constexpr const char* name = "registry";

  explicit registry_state(registry_actor::pointer actor) : self{actor} {}

  /// What only the REGISTRY knows about an entry.
  struct record {
    entry_ptr shown;
    caf::actor_addr source;                     ///< The CONNECTION that sent the newest block.
    caf::actor_clock::time_point received;      ///< When it did.
    std::map<std::string, block_ptr> databases; ///< The other ones that are visited.
  };

  void add(backend_known& known);
  void forget(const backend_forgotten& forgotten);
  void replace_block(backend_samples& fresh);
  void replace_database(database_samples& fresh);
  static void show_databases(const record& kept);
  static void drop_blocks(record& kept);
  void drop_blocks_of(const caf::actor_addr& source);
  void drop_stale_blocks();
  void look_at_backends();
  void watch(incarnation life, record& kept, const caf::actor_addr& source);

  registry_actor::pointer self;
  std::shared_ptr<snapshot_cell> cell;
  caf::timespan stale_after{0};
  std::map<incarnation, record> records;          ///< In the order of discovery.
  std::map<caf::actor_addr, incarnation> sources; ///< Whose record::source it is.
};

/// @param cell Where the page finds every backend that is known.
/// @param stale_after A block is dropped when it is older; > 0.
registry_actor::behavior_type registry(observed_ptr<registry_actor, registry_state> self,
                                       std::shared_ptr<snapshot_cell> cell,
                                       caf::timespan stale_after);

} // namespace pgstatsmon
