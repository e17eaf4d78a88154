// An ENGINE that keeps leases as rows in a PostgreSQL.
#pragma once

#include "actors/backend/connection.hpp"
#include "actors/cluster/engine.hpp"
#include "actors/cluster/lease_rows.hpp"
#include "actors/observed.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

using postgres_engine_actor = engine_actor::extend<
  // From the REACTOR.
  caf::reacts_to<socket_ready>,
  // INTERNAL: an order took too long; the number tells stale timers apart.
  caf::reacts_to<caf::timeout_atom, uint64_t>>;

/// What a postgres_engine works with.
struct postgres_engine_arguments {
  backend server; ///< Address, port, database, user, password file and parameters count.
  lease_place where;
  connection_settings connections;
  worker_actor worker;
  socket_watcher* sockets = nullptr;
  session_factory sessions;
};

/// One session, which is made when an order needs it and kept. An order that fails ends it, as
/// nobody knows how far the server got.
class postgres_engine_state {
public:
  static constexpr const char* name = "postgres_engine";

  explicit postgres_engine_state(postgres_engine_actor::pointer self) : self_{self} {}
  ~postgres_engine_state();
  postgres_engine_state(const postgres_engine_state&) = delete;
  postgres_engine_state& operator=(const postgres_engine_state&) = delete;

  caf::result<engine_answer> carry_out(const engine_order& order);
  void on_socket(const socket_ready& event);

  /// The time of an order is over.
  void expired(uint64_t number);

  postgres_engine_arguments arguments;

private:
  void look_up();
  void open(const lookup_result& found);
  void close();
  void go_on(const connect_progress& progress);
  void make_tables();
  void send_order();
  void send(const std::vector<std::string>& statements);
  void receive();
  void over();
  void deliver();
  void failed(const std::string& what);
  void watch(interest what);

  postgres_engine_actor::pointer self_;
  std::unique_ptr<session> session_;
  bool connected_ = false;
  bool has_tables_ = false;
  std::optional<engine_order> order_; ///< Under way.
  caf::typed_response_promise<engine_answer> promise_;
  std::vector<std::shared_ptr<const pg_result>> results_; ///< Of the flight.
  std::optional<session_error> first_error_;
  uint64_t watch_ = 0;
  uint64_t number_ = 0; ///< Of the order.
};

postgres_engine_actor::behavior_type
postgres_engine(observed_ptr<postgres_engine_actor, postgres_engine_state> self,
                postgres_engine_arguments arguments);

} // namespace pgstatsmon
