// Every live actor: what the console lists.
#pragma once

#include "actors/actor_record.hpp"

#include <caf/actor_system_config.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// One live actor, at the moment of the look.
struct listed_actor {
  std::string kind;      ///< The actor's name: `connection`, `query`, `scheduler`.
  std::string of{};      ///< The backend or source that it is for; may be empty.
  uint64_t restarts = 0; ///< Predecessors of this kind for the same `of` that died of a fault.
  std::shared_ptr<const actor_record> record; ///< Never null.
};

/// Actors enter when they begin and leave when they end. Any thread; the lock is taken then and by
/// whoever lists, never for a message.
class actor_directory {
public:
  /// An actor begins.
  void add(std::shared_ptr<const actor_record> record, std::string kind);

  /// Says which backend or source an actor is for.
  void describe(uint64_t id, std::string of);

  /// An actor has ended.
  /// @param died Of a fault, so that its successor is a restart.
  void remove(uint64_t id, bool died);

  /// All live actors, in the order of their numbers.
  [[nodiscard]] std::vector<listed_actor> list() const;

private:
  // Of actors that died and have no successor yet. Bounded: who is never started again must not
  // stay for ever.
  static constexpr size_t max_died = 1000;

  struct death {
    uint64_t restarts = 0;
    uint64_t number = 0; // of all deaths
  };

  void bury(listed_actor x);

  mutable std::mutex mutex_;
  std::map<uint64_t, listed_actor> live_;
  std::map<std::pair<std::string, std::string>, death> died_; // by kind and of
  std::map<uint64_t, decltype(died_)::iterator> deaths_;      // of died_, oldest first
  uint64_t last_death_ = 0;
};

/// The configuration of an actor system whose actors are listed.
struct listing_config : caf::actor_system_config {
  std::shared_ptr<actor_directory> actors = std::make_shared<actor_directory>();
};

} // namespace pgstatsmon
