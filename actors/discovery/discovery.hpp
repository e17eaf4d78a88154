// DISCOVERY: what the sources believe exists becomes additions and removals for the SCHEDULER.
#pragma once

#include "actors/discovery/changes.hpp"
#include "actors/discovery/discovery_metrics.hpp"
#include "actors/discovery/source_spec.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <list>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgstatsmon {

/// Everything that a source needs.
struct source_job {
  source_spec spec;
  std::vector<std::string> known; ///< Ids of the list that DISCOVERY has of it already.
  source_metrics_ptr metrics;     ///< Valid until the source's DOWN.
  std::stop_token stop;           ///< Ends what blocks.
  discovery_actor listener;       ///< Gets every list, from the source itself.
};

/// Starts a source as a child of `parent`. DISCOVERY monitors it; when the source is no longer
/// wanted, or DISCOVERY ends, it requests a stop and sends an exit message.
using source_starter = std::function<source_actor(caf::local_actor& parent, source_job)>;

/// DISCOVERY's memory.
class discovery_state {
public:
  static constexpr const char* name = "discovery";

  explicit discovery_state(discovery_actor::pointer self) : self_{self} {}
  discovery_state(const discovery_state&) = delete;
  discovery_state& operator=(const discovery_state&) = delete;
  ~discovery_state();

  /// Must be called first.
  void open(backend_listener_actor scheduler, discovery_metrics& metrics, source_starter start);

  /// Starts, keeps, restarts and ends sources as the configuration asks for them. A source that
  /// changed keeps its list until it gives another.
  void configure(const reconfigured& news);

  /// A source's list. Only the one that is running under that name is heard.
  void take(const std::string& source_name, backend_list xs);

  void source_down(const caf::down_msg& x);

  /// Starts a source again whose predecessor died.
  void restart(const std::string& source_name);

  /// For the console (discovery_status.cpp).
  [[nodiscard]] discovery_status status() const;

  /// What the SCHEDULER was told exists.
  [[nodiscard]] const backend_list& live() const noexcept { return live_; }

private:
  using backends_by_id = std::unordered_map<std::string_view, const backend*>;

  struct source {
    source_spec spec;
    source_metrics_ptr metrics;
    source_actor actor; ///< Null: a static list, or died and not started again yet.
    std::stop_source stop{std::nostopstate};
    bool told = false; ///< `list` is one that it gave, be it empty.
    std::optional<caf::actor_clock::time_point> changed; ///< When the list became another.
    backend_list list;
  };

  void start(source& x);
  void end(source& x);
  void publish();
  backend_list wanted();
  void tell(const list_changes& xs);
  void say_what_changes(const list_changes& xs, const backends_by_id& before);
  source* find(const std::string& source_name);

  discovery_actor::pointer self_;
  backend_listener_actor scheduler_;
  discovery_metrics* metrics_ = nullptr;
  source_starter start_source_;
  std::vector<source> sources_;    ///< In the configuration's order: of equal ids the first counts.
  std::vector<source> ending_;     ///< No longer wanted, but not ended yet.
  std::set<std::string> repeated_; ///< Ids that several sources list, so that each is logged once.
  bool opened_ = false;            ///< The SCHEDULER knows that a first list is there.
  backend_list live_;
  shard_settings shard_;
  backend_list named_; ///< All of the fleet, of which live_ is a shard; else empty.
};

/// Starts the sources of a configuration and follows them.
/// @param scheduler Gets every removal and addition; removals first.
/// @param metrics Not null; must outlive the actor and its sources.
/// @param start Starts the sources; empty: start_source does.
discovery_actor::behavior_type discovery(observed_ptr<discovery_actor, discovery_state> self,
                                         backend_listener_actor scheduler,
                                         const reconfigured& configuration,
                                         discovery_metrics* metrics, source_starter start);

} // namespace pgstatsmon
