// CLUSTER: of the backends that exist, those that this daemon is to watch and no other.
#pragma once

#include "actors/cluster/cluster_metrics.hpp"
#include "actors/cluster/cluster_status.hpp"
#include "actors/cluster/engine.hpp"
#include "actors/cluster/holding.hpp"
#include "actors/cluster/lingering.hpp"
#include "actors/cluster/session_ledger.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "config/catalogue.hpp"
#include "config/settings.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pgstatsmon {

/// Starts an engine as a child of CLUSTER.
using engine_starter =
  std::function<engine_actor(caf::local_actor& parent, const engine_listener& listener)>;

/// What a CLUSTER works with.
struct cluster_arguments {
  reconfigured configuration; ///< Has `cluster`.
  scheduler_actor scheduler;
  engine_starter start_engine;
  std::shared_ptr<session_ledger> sessions;
  std::shared_ptr<const snapshot_cell> backends;
  std::shared_ptr<lingering> left;
  std::shared_ptr<cluster_cell> view;
  cluster_metrics* metrics = nullptr;
  std::string life;                  ///< Of this process, unlike any other's.
  std::function<double()> chance;    ///< Uniform in [0, 1).
  std::function<double()> unix_time; ///< s.
};

/// Waits for the disk when what it has changes: spawn it detached.
class cluster_state {
public:
  static constexpr const char* name = "cluster";

  explicit cluster_state(cluster_actor::pointer self) : self_{self} {}
  ~cluster_state();
  cluster_state(const cluster_state&) = delete;
  cluster_state& operator=(const cluster_state&) = delete;

  void open(cluster_arguments arguments);

  // -- from DISCOVERY (cluster_backends.cpp) ------------------------------------------------------

  void add(const backend& x);
  void remove(const std::string& id);
  void change(const backend& x);
  void discovered();

  /// A backend's session has ended.
  void session_is_over(const std::string& id);

  // -- the engine ---------------------------------------------------------------------------------

  /// Time has passed.
  void tick();

  /// Asks the engine, unless it has not answered yet.
  void ask();

  void engine_down(const caf::down_msg& x);
  void reconfigure(const reconfigured& news);

  /// Hands over what it has.
  caf::result<caf::ok_atom> close();

  /// That has had its time.
  void end_closing();

  [[nodiscard]] const holding& slots() const { return *holding_; }

private:
  using time_point = caf::actor_clock::time_point;
  using backend_ptr = std::shared_ptr<const backend>;

  /// A slot whose polls are ending.
  struct ending_slot {
    time_point since;
    bool told = false;             ///< The SCHEDULER has heard of it.
    std::set<std::string> running; ///< Backends of it that still have actors.
  };

  [[nodiscard]] const cluster_settings& options() const { return *options_->cluster; }
  [[nodiscard]] member_record own_record() const;
  void start_engine();
  void answered(const engine_view_ptr& view, time_point sent);
  void unanswered(const caf::error& error);
  void adopt_if_alone();
  void say_what_changed(const engine_view_ptr& before);
  void say_doubts();
  void finish_closing();

  // -- backends (cluster_backends.cpp) ------------------------------------------------------------

  void follow();
  void start(slot_number slot);
  void stop(const std::vector<slot_number>& slots);
  void scheduler_has_heard(const std::vector<slot_number>& slots);
  void slot_is_over(slot_number slot);
  void look_for_stuck();
  void open_if_known();

  // -- what others see (cluster_view.cpp) ---------------------------------------------------------

  void publish();
  void publish_targets();
  [[nodiscard]] cluster_status status() const;
  void keep_owned_slots();

  cluster_actor::pointer self_;
  cluster_arguments arguments_;
  settings_ptr options_;
  std::string fingerprint_;
  std::optional<holding> holding_;
  engine_actor engine_;
  bool waiting_ = false;     ///< For its answer.
  bool answers_ = false;     ///< It answered when it was last asked.
  bool asked_twice_ = false; ///< Since the last tick.
  std::string problem_;
  std::optional<time_point> failing_since_;
  time_point started_;
  bool adopted_ = false; ///< What was kept has been looked for.
  bool was_doubtful_ = false;
  bool was_refused_ = false;
  std::set<std::string> differing_;
  holding_counts said_; ///< In the log.

  std::map<std::string, backend_ptr> backends_; ///< All of the fleet, by id.
  std::array<std::set<std::string>, slot_count> ids_;
  std::map<slot_number, ending_slot> ending_;
  bool discovered_ = false;
  bool opened_ = false;
  bool targets_changed_ = true;
  engine_view_ptr shown_view_; ///< That the targets were made from.
  std::array<std::shared_ptr<const std::string>, slot_count> addresses_; ///< Of owners, once known.
  std::vector<slot_number> kept_; ///< In the state directory.
  time_point kept_at_;

  bool closing_ = false;
  std::optional<caf::typed_response_promise<caf::ok_atom>> closed_;
};

cluster_actor::behavior_type cluster(observed_ptr<cluster_actor, cluster_state> self,
                                     cluster_arguments arguments);

} // namespace pgstatsmon
