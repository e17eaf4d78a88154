// The CONNECTION: one backend's session with its state machine and backoff.
#pragma once

#include "actors/backend/address_attempts.hpp"
#include "actors/backend/agenda.hpp"
#include "actors/backend/backend_log.hpp"
#include "actors/backend/backoff.hpp"
#include "actors/backend/complaint.hpp"
#include "actors/backend/connection_arguments.hpp"
#include "actors/backend/idle_loss.hpp"
#include "actors/backend/incidents.hpp"
#include "actors/backend/outage.hpp"
#include "actors/backend/own_time.hpp"
#include "actors/backend/poll_progress.hpp"
#include "actors/backend/poll_results.hpp"
#include "actors/backend/server_settings.hpp"
#include "actors/backend/session.hpp"
#include "actors/interfaces.hpp"
#include "actors/numbers.hpp"
#include "actors/observed.hpp"
#include "actors/trace_points.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgstatsmon {

/// The poll that is under way.
struct current_poll {
  double when = 0; ///< Unix time of its beginning, s.
  poll_progress progress;
  caf::typed_response_promise<poll_report> promise;
  bool sample = false; ///< Of few queries, between two polls.
};

/// States and transitions (backend_state):
///
///     CONNECTING -> READY <-> POLLING
///        ^  |         |          |
///        |  v         v          v
///      BACKOFF <------ any failure
///
/// A session that is ended while it idles is no failure (idle_loss.hpp): READY -> CONNECTING, or
/// READY -> DISCONNECTED -> CONNECTING when the next poll comes; that poll waits for the session.
///
/// By order of an operator READY and whatever else -> DISCONNECTED, until the order is taken back.
/// A session that has grown old is replaced while READY, by one that was made beside it.
///
/// SETUP stands before a second CONNECTING when the server does not know the role yet.
class connection_state : private backend_log {
public:
  static constexpr const char* name = "connection";

  explicit connection_state(connection_actor::pointer self) : self_{self} {}
  ~connection_state() override;

  connection_state(const connection_state&) = delete;
  connection_state& operator=(const connection_state&) = delete;

  /// Takes what it needs and begins to connect.
  void start(connection_arguments arguments);

  /// Sends the plan's queries, or answers at once when the backend is not READY. While an idle
  /// session is being replaced the poll waits for the new one.
  /// @param interval Until the next one; not less than the configured one.
  caf::result<poll_report> begin_poll(caf::timespan interval);

  /// Asks what is sampled between two polls; answers at once when there is nothing to ask, or the
  /// backend is not READY.
  caf::result<poll_report> begin_sample();

  /// The backend is gone: cancels what runs, waits half a second for it at most, ends.
  void remove();

  /// Follows a new configuration. Connects anew once idle when it changes how to connect.
  void reconfigure(const reconfigured& news);

  /// The backend is described otherwise. Connects anew once idle when it changes how to connect.
  void follow(const backend_changed& news);

  /// Lets go of the server once no poll is under way, or connects again.
  void obey(const session_order& order);

  void on_socket(const socket_ready& event);
  void on_timer(uint64_t number);
  void on_renewal(uint64_t number);

private:
  using time_point = caf::actor_clock::time_point;

  // -- connecting (connection_connecting.cpp) -----------------------------------------------------

  void connect();
  [[nodiscard]] lookup lookup_wanted() const;
  [[nodiscard]] static session_error lookup_failure(const caf::error& error);
  [[nodiscard]] connect_parameters parameters_for(const std::string& password,
                                                  const std::vector<std::string>& addresses) const;
  void look_up();
  void open(const lookup_result& found);
  void try_next_address();
  void attempt_failed(const session_error& refusal);
  void go_on(const connect_progress& progress);
  void connected();
  [[nodiscard]] std::unique_ptr<session> make_session() const;
  [[nodiscard]] bool is_console() const {
    return arguments_.target.kind == backend_kind::pgbouncer;
  }

  // -- failing (connection_failing.cpp) -----------------------------------------------------------

  void failed(const session_error& error);
  void say_failure(const session_error& error);
  [[nodiscard]] bool options_may_be_why(const session_error& error) const;
  [[nodiscard]] backoff& waits_for(failure reason);
  void lost(const session_error& error);
  void remember(const session_error& error, std::string what);

  /// What a complaint is about, as the log says it.
  struct complained {
    std::string_view text;
    log_event fails = log_event::check_failing;
    log_event works = log_event::check_recovered;
    std::string_view query{};
  };

  [[nodiscard]] complained query_subject(size_t query) const;

  /// Logs a failure of something if that is news, or that it works again.
  void complain(complaint& about, const complained& what, const session_error& error);
  void settle(complaint& about, const complained& what);
  void judge(complaint& about, const complained& what, const std::optional<session_error>& error);

  /// A moment of our clock as Unix time, s.
  [[nodiscard]] double unix_time_of(time_point x) const;

  // -- renewal (connection_renewal.cpp) -----------------------------------------------------------

  void plan_renewal();
  void arm_renewal(caf::timespan delay);
  void await_renewal();
  void renew();
  void open_successor(const lookup_result& found);
  void advance_successor(const connect_progress& progress);
  void swap_sessions();
  void renewal_failed(const session_error& error);
  void drop_successor();

  // -- setup (connection_setup.cpp) ---------------------------------------------------------------

  [[nodiscard]] bool setup_may_help(const session_error& error) const;
  void run_setup();
  [[nodiscard]] std::string_view setup_words() const;
  void setup_done();
  void setup_failed(const caf::error& error);
  void judge_rights(std::optional<bool> found);

  // -- polling (connection_poll.cpp) --------------------------------------------------------------

  /// How often it is polled.
  [[nodiscard]] caf::timespan interval() const;
  caf::result<poll_report> hold_poll();
  void send_poll(caf::typed_response_promise<poll_report> promise);
  bool send_skipped();
  void dispatch();
  void answer_held(failure reason);
  void receive();
  [[nodiscard]] trace::query traced(const step& what) const;
  void trace_start() const;
  void take(statement_result result);
  void query_answered(const taken_result& taken);
  void query_timed(const taken_result& taken);
  void query_failed(const taken_result& taken, const session_error& error);
  void say_outdated(const step& what, const session_error& error) const;
  void end_poll(failure reason, bool publish);
  void poll_is_silent();
  void end_sample(current_poll& ended, failure reason, bool whole);
  void leave_out(const step& query);

  // -- what is known of the server (connection_facts.cpp) -----------------------------------------

  void update_agenda();
  void show_budget() const;
  [[nodiscard]] flight_extras extras() const;
  [[nodiscard]] std::string facts_sql() const;
  std::vector<size_t> texts_wanted();

  /// What somebody wants to look at, with its SQL.
  std::vector<std::pair<look, std::string>> looks_wanted();
  void take_look(look which, const PGresult& rows);
  void facts_came(const pg_result* rows);
  void look_at_facts();
  [[nodiscard]] cluster_question cluster_wanted() const;
  void cluster_told(const taken_result& taken);
  void compare_clocks(const current_poll& ended) const;
  void say_what_it_is(int32_t old_version, server_role old_role) const;
  void say_pooler();

  // -- what is told as events (connection_events.cpp) ---------------------------------------------

  /// Settings can only have changed if the server has read them since.
  void look_at_load_time(const PGresult& rows);
  void settings_told(const taken_result& taken);
  [[nodiscard]] bool follows_incidents() const;
  [[nodiscard]] incident_limits too_long() const;
  void follow_incidents(const vital_reading& said);
  void follow_incidents(look which, const look_answers& seen);
  void tell(const incident& x, const look_answers* seen) const;

  // -- of all of these (connection.cpp) -----------------------------------------------------------

  void enter(backend_state state);
  void drop_session();
  void close_session();
  void let_go();
  void connect_anew_if_outdated();
  void end();

  [[nodiscard]] subject spoken_of() const override {
    return {arguments_.target.name, identity_, arguments_.metrics->log_level,
            arguments_.context->alike, now()};
  }

  void arm(caf::timespan delay);
  void watch(interest what);
  [[nodiscard]] time_point now() const { return self_->clock().now(); }
  [[nodiscard]] const connection_settings& options() const {
    return arguments_.options->connections;
  }
  [[nodiscard]] const catalogue& queries() const { return *arguments_.metrics->queries(); }

  connection_actor::pointer self_;
  connection_arguments arguments_;
  backend_state state_ = backend_state::connecting;
  bool outdated_ = false; ///< The session was made with an older configuration.
  bool leaving_ = false;  ///< Removed, waiting for what runs.
  bool wanted_ = true;    ///< False: no session, by order.
  bool visiting_ = false; ///< The VISITOR knows of this session.
  bool proven_ = false;   ///< The session has answered a poll.
  bool quiet_ = false;    ///< It replaces, or will replace, one that was ended while it idled.
  numbers numbers_;
  counting_number timer_{numbers_};
  counting_number watch_{numbers_};
  counting_number attempt_{numbers_};  ///< To connect.
  std::shared_ptr<const lease> lease_; ///< The right to a socket; null while it waits for one.
  std::unique_ptr<session> session_;
  address_attempts attempts_;
  time_point deadline_;  ///< Of the attempt under way, all addresses together.
  std::string password_; ///< Of the attempt under way.
  complaint silent_address_;
  backoff reconnect_;
  backoff oversized_{std::chrono::seconds{30}, std::chrono::minutes{10}}; ///< After too_large.
  backoff reconnect_slowly_{std::chrono::minutes{1}, std::chrono::minutes{5}};
  outage outage_;
  idle_losses idle_losses_;

  server_facts facts_;
  server_role asked_role_ = server_role::unknown; ///< What a server before 14 answered.
  bool takes_options_ = true;    ///< The server has not refused startup options yet.
  bool settings_wanted_ = false; ///< The server has read its settings since.
  bool looks_shown_ = false;     ///< Somebody waits for the looks under way.
  bool pooler_said_ = false;     ///< That there is one has been logged.
  bool plan_is_news_ = true;     ///< Observers have not been told of it.
  bool renewing_ = false;        ///< A session that replaces this one is made.
  bool successor_ready_ = false; ///< Connected, waiting for the end of a poll.
  session_memory memory_;
  identity_ptr identity_; ///< What the session's server says; null: not yet.
  server_settings settings_;
  std::string settings_loaded_; ///< When the server had read them, as it says.
  incidents incidents_;
  std::optional<agenda> agenda_; ///< Set once started.
  own_time own_time_;
  std::optional<current_poll> poll_;
  /// Of a poll that waits for the session that replaces an idle one.
  std::optional<caf::typed_response_promise<poll_report>> held_;
  std::optional<poll_results> results_; ///< Set once started.
  row_events_memory row_events_;
  caf::timespan interval_{0}; ///< Between this poll and the next, as the SCHEDULER says.

  std::unique_ptr<session> successor_;
  counting_number renewal_{numbers_};
  time_point renewal_due_;
  counting_number successor_watch_{numbers_};
  backoff renewal_backoff_{std::chrono::minutes{1}, std::chrono::minutes{10}};
  complaint renewal_complaint_;

  std::map<size_t, complaint> query_complaints_; ///< By query; of those that have failed.
  complaint role_complaint_;
  complaint rights_complaint_;
  complaint facts_complaint_;
  complaint texts_complaint_;
  complaint looks_complaint_;
  complaint guards_complaint_;

  std::optional<time_point> rights_asked_; ///< On this session.
  bool rights_lost_ = false;               ///< The log has it.
  bool lack_said_ = false;                 ///< The log has that they are missing for good.
  bool rights_complete_ = false;
  bool setup_running_ = false;
  bool standby_said_ = false;              ///< The log has that only the primary can be set up.
  std::optional<session_error> setup_for_; ///< The failure that setup may cure.
  time_point setup_due_;
  backoff setup_backoff_{std::chrono::seconds{5}, std::chrono::minutes{5}};
  complaint setup_complaint_;
};

connection_actor::behavior_type connection(observed_ptr<connection_actor, connection_state> self,
                                           connection_arguments arguments);

} // namespace pgstatsmon
