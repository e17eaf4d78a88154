// The VISITOR asks the other databases of one backend's server, one after the other.
#pragma once

#include "actors/backend/agenda.hpp"
#include "actors/backend/block_maker.hpp"
#include "actors/backend/complaint.hpp"
#include "actors/backend/connection.hpp"
#include "actors/backend/poll_progress.hpp"
#include "actors/backend/visit_plan.hpp"
#include "actors/numbers.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace pgstatsmon {

struct visitor_arguments {
  backend target;
  incarnation life = 0;
  metrics_ptr metrics;
  registry_actor registry;
  settings_ptr options;
  context_ptr context;
};

/// A visit: lease -> password -> connect -> one flight -> close, or idle until the next one where
/// the visit_plan keeps the session. A database that fails is an affair of its own: the backend's
/// state and its failures are CONNECTION's alone.
class visitor_state : private backend_log {
public:
  static constexpr const char* name = "visitor";

  explicit visitor_state(visitor_actor::pointer self) : self_{self} {}
  ~visitor_state() override;

  visitor_state(const visitor_state&) = delete;
  visitor_state& operator=(const visitor_state&) = delete;

  void start(visitor_arguments arguments);

  /// The server is there: visits begin or go on.
  void learn(const server_seen& server);

  /// The server is gone, or an operator has paused the backend: every visit ends, and no session is
  /// kept, which would be in the way of DROP DATABASE. Or it is paused no more: visits go on.
  void obey(const session_order& order);

  void reconfigure(const settings_ptr& fresh);
  void follow(const backend& fresh);
  void on_socket(const socket_ready& event);
  void on_timer(uint64_t number);
  void on_tick(uint64_t number);

private:
  using time_point = caf::actor_clock::time_point;

  /// A session in one database.
  struct visit {
    enum class stage : uint8_t { entering, connecting, asking, idle };

    explicit visit(numbers& from) : number{from}, timer{from}, watch{from} {}

    stage at = stage::entering;
    counting_number number; ///< For requests.
    counting_number timer;
    counting_number watch;
    std::shared_ptr<const lease> right; ///< To a descriptor.
    std::unique_ptr<session> link;      ///< Null while entering.
    time_point began;                   ///< The session.
    server_facts facts;
    session_memory memory;
    bool misplaced = false;                ///< A pooler has led to another database.
    bool last = false;                     ///< It is not kept, whatever the plan says.
    std::optional<poll_progress> progress; ///< Of the newest flight.
  };

  /// A session that was closed and that the server may have still.
  struct farewell {
    int socket = -1;
    std::shared_ptr<const lease> right;
  };

  /// What is remembered of a database between visits.
  struct watched {
    watched(const visitor_arguments& arguments, const std::string& database);

    agenda what;
    block_maker rows;
    row_events_memory events;
    complaint trouble;
    std::unique_ptr<visit> open; ///< Null: no session.
    database_state shown;
  };

  // -- who is visited (visitor.cpp) ---------------------------------------------------------------

  void pump();
  void begin(const std::string& database);
  void end(const std::string& database, visit_outcome how);
  void close(watched& known);
  void see_off(visit& open);
  void on_farewell(uint64_t number, bool in_time);
  void renew_all();
  void end_all();
  void close_all();
  void close_idle();
  void forget(const std::string& database);
  void drop_stale();
  void hide(const std::string& database, watched& known);
  void show();
  void arm_tick();
  [[nodiscard]] caf::timespan interval() const;

  // -- a visit (visitor_visit.cpp) ----------------------------------------------------------------

  void enter(const std::string& database, visit& open);
  void look_up(const std::string& database, visit& open);
  void connect(const std::string& database, visit& open, const std::string& password);
  void go_on(const std::string& database, visit& open, const connect_progress& progress);
  void failed(const std::string& database, const session_error& error);
  void silent(const std::string& database, watched& known);
  void judge(const std::string& database, watched& known,
             const std::optional<session_error>& error);
  void watch(visit& open, interest what);
  void arm(visit& open, caf::timespan delay);

  /// The database whose visit has this number; null when there is none.
  std::pair<const std::string, watched>* find(counting_number visit::*which, uint64_t number);

  // -- its flight (visitor_flight.cpp) ------------------------------------------------------------

  void ask(const std::string& database, watched& known);
  [[nodiscard]] bool wants_facts(const watched& known) const;
  [[nodiscard]] flight_extras extras(const watched& known) const;
  void receive(const std::string& database, watched& known);
  void take(watched& known, statement_result result);
  void answered(const std::string& database, watched& known);

  [[nodiscard]] time_point now() const { return self_->clock().now(); }
  [[nodiscard]] subject spoken_of() const override {
    return {arguments_.target.name, arguments_.metrics->server(), arguments_.metrics->log_level,
            arguments_.context->alike, now()};
  }
  [[nodiscard]] const connection_settings& options() const {
    return arguments_.options->connections;
  }

  visitor_actor::pointer self_;
  visitor_arguments arguments_;
  std::optional<visit_plan> plan_;      ///< Set once started.
  std::optional<result_shapes> shapes_; ///< The same.
  std::optional<server_seen> server_;   ///< Nothing while the backend has no session.
  std::map<std::string, watched> databases_;
  std::map<uint64_t, farewell> leaving_; ///< By the number of their watch.
  numbers numbers_;
  counting_number tick_{numbers_};
};

visitor_actor::behavior_type visitor(observed_ptr<visitor_actor, visitor_state> self,
                                     visitor_arguments arguments);

} // namespace pgstatsmon
