// The SETUP: makes the role and its rights on one primary, then ends.
#pragma once

#include "actors/backend/connection.hpp"

#include <memory>

namespace pgstatsmon {

/// What a SETUP works on.
struct setup_arguments {
  backend target;
  settings_ptr options;
  context_ptr context;
  std::string address; ///< Literal, of the host's the one to use; empty: whichever answers.
  incarnation life = 0;
};

class setup_actor_state {
public:
  static constexpr const char* name = "setup";

  explicit setup_actor_state(setup_actor::pointer self) : self_{self} {}
  ~setup_actor_state();

  setup_actor_state(const setup_actor_state&) = delete;
  setup_actor_state& operator=(const setup_actor_state&) = delete;

  /// Begins; the promise is delivered when it ends.
  caf::result<caf::ok_atom> start();
  void on_socket(const socket_ready& event);

  /// Ends with an error.
  void failed(const std::string& what, ec why = ec::connect_failed);

  setup_arguments arguments;

private:
  void look_up_administrator();
  void look_up_role_password(const lookup_result& administrator);
  void open(const std::string& database);
  void close();
  void go_on(const connect_progress& progress);
  void send();
  void receive();
  void watch(interest what);
  void done();

  setup_actor::pointer self_;
  caf::typed_response_promise<caf::ok_atom> promise_;
  std::shared_ptr<const lease> lease_;
  std::unique_ptr<session> session_;
  lookup_result administrator_;
  std::string role_password_;
  std::string database_;      ///< That the session is connected to.
  bool takes_options_ = true; ///< The server has not refused startup options yet.
  bool connected_ = false;
  std::optional<session_error> first_error_;
  uint64_t watch_ = 0;
};

/// Ends by itself: when it is done, when it fails, and after connect_timeout plus ten seconds.
setup_actor::behavior_type setup(observed_ptr<setup_actor, setup_actor_state> self,
                                 setup_arguments arguments);

} // namespace pgstatsmon
