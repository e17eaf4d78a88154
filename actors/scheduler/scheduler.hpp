// The SCHEDULER: when each backend is polled, never more than `max_in_flight` at once.
#pragma once

#include "actors/backend/backoff.hpp"
#include "actors/interfaces.hpp"
#include "actors/observed.hpp"
#include "actors/registry/backend_metrics.hpp"
#include "actors/registry/heartbeat.hpp"
#include "actors/scheduler/due.hpp"
#include "actors/scheduler/overload.hpp"
#include "actors/scheduler/pace.hpp"
#include "actors/scheduler/timetable.hpp"
#include "config/catalogue.hpp"
#include "config/settings.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace prometheus {
class Gauge;
class Histogram;
} // namespace prometheus

namespace pgstatsmon {

/// Starts the actors of one life of a backend, as children of the SCHEDULER, which calls it.
using backend_spawner = std::function<connection_actor(
  scheduler_actor::pointer scheduler, const backend& target, incarnation life,
  const metrics_ptr& metrics, const settings_ptr& options)>;

/// Where the SCHEDULER shows what it does. All outlive it.
struct scheduler_metrics {
  prometheus::Gauge* backends = nullptr;
  prometheus::Gauge* in_flight = nullptr;
  prometheus::Gauge* stretch = nullptr;
  prometheus::Histogram* tick_duration = nullptr; ///< Seconds.
  prometheus::Histogram* slot_wait = nullptr;     ///< Seconds.
  heartbeat* pulse = nullptr;                     ///< May be null.
  fleet_metrics* fleet = nullptr;                 ///< May be null.
};

struct scheduler_arguments {
  settings_ptr options;
  catalogue_ptr queries;
  registry_actor registry;
  backend_spawner spawn_backend;
  std::function<double()> chance; ///< Uniform in [0, 1).
  scheduler_metrics metrics;
};

class scheduler_state {
public:
  static constexpr const char* name = "scheduler";

  explicit scheduler_state(scheduler_actor::pointer self) : self_{self} {}

  void start(scheduler_arguments arguments);

  /// Shows that the mailbox is worked off; goes on until the actor ends.
  void beat();

  /// A first list is there: once each of its backends has been tried, the daemon is ready.
  void discovered();

  void add(const backend& target);
  void remove(const std::string& id);

  /// The backend goes on, described otherwise.
  void change(const backend& target);
  void ready(incarnation life);

  /// An interval is over, and the next one begins.
  void tick(uint64_t number);

  /// Backends have fallen due.
  void fall_due(uint64_t number);

  /// Follows a new configuration. Another catalogue starts every backend's life anew.
  void reconfigure(const settings_ptr& options, const catalogue_ptr& queries);

  void restart(incarnation life);

  /// Answers once every backend's actors have ended. What is in flight may end for a second.
  caf::result<caf::ok_atom> drain();

  /// The second is over.
  void end_backends();

  void down(const caf::down_msg& message);

  // -- for the console (scheduler_orders.cpp) -----------------------------------------------------

  caf::result<poll_report> poll_now(const std::string& backend_name);
  caf::result<uint64_t> pause(const pause_order& order);
  caf::result<uint64_t> resume(const resume_order& order);
  [[nodiscard]] scheduler_status status() const;

  [[nodiscard]] const due_queue& due() const { return due_; }
  [[nodiscard]] size_t backends() const { return members_.size(); }
  [[nodiscard]] double stretch() const { return overload_.stretch(); }

private:
  using time_point = caf::actor_clock::time_point;
  using poll_promise = caf::typed_response_promise<poll_report>;

  /// One life of a backend.
  struct member {
    backend target;
    metrics_ptr metrics;
    connection_actor connection; ///< Null while it waits for its restart.
    bool suspect = false;        ///< Its last poll found it silent or gone.
    backoff restarts;
    pace own_pace;                          ///< With `interval: auto`.
    server_role role{server_role::unknown}; ///< At its newest turn.
    time_point due;                         ///< Since when it waits for a slot.
    time_point polled;                      ///< When the newest poll was sent.
    time_point paused_until;                ///< Not polled before; max(): until it is resumed.
    bool disconnected = false;              ///< Without a session while it is paused.
    bool sampling = false;                  ///< What waits or is in flight is a sample.
    bool poll_next = false;                 ///< A poll fell due while that was in flight.
    std::vector<poll_promise> orders;       ///< Who waits for the next answer.
  };

  /// A tick, for the console: a turn of the interval, in which each backend falls due once.
  struct tick_record {
    uint64_t number = 0;
    time_point began;
    caf::timespan busy{0}; ///< While a backend was in flight or waited.
    bool over = false;
    uint64_t due = 0;
    uint64_t skipped = 0;
    uint64_t paused = 0;
  };

  // -- members (scheduler_members.cpp) ------------------------------------------------------------

  void look_at_untried();
  void tried(incarnation life);
  void start_actors(incarnation life, member& who);
  void leave(incarnation life, const member& who);

  // -- ticks (scheduler_ticks.cpp) ----------------------------------------------------------------

  void open_tick();
  void close_tick();
  void follow_load();
  void say_stretch(double before) const;

  /// What its server says of itself decides how soon a backend is due again.
  void follow_pace(incarnation life, member& who, time_point now);
  /// @returns true if the interval of all is another one.
  bool follow_interval();
  void show_plan(incarnation life, const member& who) const;

  /// Sees to it that fall_due() comes when the next backend is due.
  void arm();

  /// Counts the time in which a backend was in flight or waited.
  void count_busy();

  [[nodiscard]] caf::timespan longest_interval() const;

  // -- samples (scheduler_samples.cpp) ------------------------------------------------------------

  /// What sessions do may be asked between two polls, too.
  void plan_samples(incarnation life, const backend& target);
  void make_sample_due(incarnation life, member& who, time_point now);
  void sampled(incarnation life, member& who, const poll_report& report);

  /// A poll falls due: it waits for a slot, in the place of a sample perhaps.
  /// @returns false when a poll waits already, or is in flight.
  bool take_place(incarnation life, member& who, time_point now);

  // -- polls --------------------------------------------------------------------------------------

  [[nodiscard]] caf::timespan poll_limit() const;

  /// Tells a backend's actors that it is paused or not, and whether it may have a session.
  void say_order(const member& who);

  /// A pause is over, if there was one: then true.
  bool go_on(member& who);
  /// Logs that a pause was over by itself, that of all backends once.
  void say_over(const member& who);
  void make_due(incarnation life, member& who, time_point now);
  void answer_orders(member& who, const caf::expected<poll_report>& report);
  bool each_named(const std::string& backend_name, const std::function<void(member&)>& act);

  /// As in log_fields::cluster.
  static std::string cluster_of(const member& who);
  [[nodiscard]] std::string cluster_of(const std::string& backend_name) const;
  void pump();
  void polled(incarnation life, const poll_report& report);
  void count_load(const member& who, const poll_report& report);
  void unanswered(incarnation life, const caf::error& error);

  void slot_is_back(incarnation life);
  void answer_drain();
  void show();

  scheduler_actor::pointer self_;
  scheduler_arguments arguments_;
  due_queue due_{1};
  timetable timetable_{std::chrono::seconds{10}};
  timetable samples_{std::chrono::seconds{1}}; ///< Of backends that are sampled.
  overload overload_{1, std::chrono::seconds{10}, std::chrono::seconds{10}};
  round_load load_; ///< Of the tick that is under way.
  std::map<incarnation, member> members_;
  std::map<std::string, incarnation> lives_;
  std::map<caf::actor_addr, incarnation> connections_; ///< Of members_.
  std::set<caf::actor_addr> leaving_; ///< Actors of removed backends that have not ended.
  incarnation last_life_ = 0;
  uint64_t ticks_ = 0; ///< Number of the tick that is under way.
  time_point next_tick_;
  uint64_t armed_ = 0; ///< Number of the timer that waits for the next backend to fall due.
  std::optional<time_point> armed_for_;
  std::optional<time_point> busy_since_; ///< A backend is in flight or waits.
  time_point all_paused_until_;
  bool all_disconnected_ = false; ///< While all are paused.
  bool all_pause_over_said_ = false;
  std::deque<tick_record> history_; ///< The newest ticks, newest first; the first is under way.
  bool discovered_ = false;
  std::set<incarnation> untried_; ///< Of the first list: neither polled nor failed yet.
  bool draining_ = false;
  caf::typed_response_promise<caf::ok_atom> drained_;
};

scheduler_actor::behavior_type scheduler(observed_ptr<scheduler_actor, scheduler_state> self,
                                         scheduler_arguments arguments);

} // namespace pgstatsmon
