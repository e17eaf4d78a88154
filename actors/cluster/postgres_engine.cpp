// One order after the other, each a flight of statements in one transaction.
#include "actors/cluster/postgres_engine.hpp"

#include "actors/backend/conninfo.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

/// Of an order's time, so that its answer comes before whoever asked has given up.
constexpr int limit_part = 4;

/// ON CONFLICT.
constexpr int32_t oldest_version = 90500;

session_limits limits_of(caf::timespan ttl) {
  auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(ttl / limit_part).count();
  return {.statement_timeout = limit, .lock_timeout = limit, .read_only = false};
}

} // namespace

postgres_engine_state::~postgres_engine_state() {
  close();
}

caf::result<engine_answer> postgres_engine_state::carry_out(const engine_order& order) {
  auto promise = self_->make_response_promise<engine_answer>();
  if (order_) {
    promise.deliver(caf::make_error(ec::busy, std::string{"the engine is busy"}));
    return promise;
  }
  promise_ = promise;
  order_ = order;
  self_->delayed_send(self_, order.ttl / limit_part, caf::timeout_atom_v, ++number_);
  if (session_ == nullptr)
    look_up();
  else if (has_tables_)
    send_order();
  return promise;
}

void postgres_engine_state::look_up() {
  const auto& server = arguments.server;
  lookup wanted{needs_resolution(server.address) ? server.address : std::string{},
                server.password_file};
  self_->request(arguments.worker, order_->ttl / limit_part, std::move(wanted))
    .then(
      [this, number = number_](const lookup_result& found) {
        if (order_ && number == number_ && session_ == nullptr)
          open(found);
      },
      [this, number = number_](const caf::error& error) {
        if (number == number_)
          failed(sentence_of(error));
      });
}

void postgres_engine_state::open(const lookup_result& found) {
  session_ = arguments.sessions();
  session_->limit(bounds_of(arguments.connections));
  auto parameters = setup_parameters(arguments.server, arguments.connections,
                                     {arguments.server.user, found.password}, found.addresses);
  parameters.add("application_name", "pgstatsmon cluster");
  go_on(session_->connect(parameters));
}

void postgres_engine_state::close() {
  if (session_ != nullptr && session_->socket() >= 0)
    arguments.sockets->forget(session_->socket());
  ++watch_;
  session_.reset();
  connected_ = has_tables_ = false;
}

void postgres_engine_state::on_socket(const socket_ready& event) {
  if (event.watch != watch_)
    return;
  if (event.events == 0)
    failed("the system can't watch one more socket");
  else if (connected_)
    receive();
  else
    go_on(session_->advance());
}

void postgres_engine_state::go_on(const connect_progress& progress) {
  if (const auto* error = std::get_if<session_error>(&progress))
    failed(error->message);
  else if (const auto* waits = std::get_if<connecting>(&progress))
    watch(waits->wants);
  else
    make_tables();
}

void postgres_engine_state::make_tables() {
  connected_ = true;
  if (session_->facts().role == server_role::standby)
    failed("the server is a standby: leases need its primary");
  else if (session_->facts().version < oldest_version)
    failed("the server is older than 9.5");
  else
    send(table_statements(arguments.where));
}

void postgres_engine_state::send_order() {
  send(order_statements(arguments.where, *order_));
}

void postgres_engine_state::send(const std::vector<std::string>& statements) {
  results_.clear();
  first_error_.reset();
  std::vector<statement> flight;
  for (const auto& sql : statements)
    flight.push_back({.sql = sql, .sync = false});
  flight.front().pins = local_pins(limits_of(order_->ttl), session_->facts().version);
  flight.back().sync = true;
  if (auto error = session_->send(flight))
    failed(error->message);
  else
    watch(interest::read_write);
}

void postgres_engine_state::receive() {
  auto error = session_->receive([this](statement_result result) {
    if (result.error && !first_error_)
      first_error_ = std::move(result.error);
    results_.push_back(std::move(result.rows));
  });
  if (error)
    failed(error->message);
  else if (session_->pending() > 0)
    watch(session_->sending() ? interest::read_write : interest::read);
  else
    over();
}

void postgres_engine_state::over() {
  // Hears, too, when the server ends the session while nothing is asked.
  watch(interest::read);
  if (first_error_)
    failed(first_error_->message);
  else if (order_ && !has_tables_) {
    has_tables_ = true;
    send_order();
  } else if (order_)
    deliver();
}

void postgres_engine_state::deliver() {
  auto n = results_.size();
  auto view = view_of(results_.at(n - 2).get(), results_.at(n - 1).get(), order_->self);
  results_.clear();
  if (!view) {
    failed(sentence_of(view.error()));
    return;
  }
  order_.reset();
  promise_.deliver(engine_answer{std::move(*view)});
}

void postgres_engine_state::expired(uint64_t number) {
  if (order_ && number == number_)
    failed("the PostgreSQL that keeps the leases does not answer in time");
}

void postgres_engine_state::failed(const std::string& what) {
  if (session_ != nullptr)
    if (auto request = session_->cancellation())
      self_->send(arguments.worker, cancel_request{std::move(request)});
  close();
  if (!order_)
    return;
  order_.reset();
  promise_.deliver(caf::make_error(ec::cluster_failed, what));
}

void postgres_engine_state::watch(interest what) {
  arguments.sockets->watch_anew(session_->socket(), epoll_events(what), self_, ++watch_);
}

postgres_engine_actor::behavior_type
postgres_engine(observed_ptr<postgres_engine_actor, postgres_engine_state> self,
                postgres_engine_arguments arguments) {
  self->state.arguments = std::move(arguments);
  return {
    [self](const engine_order& x) { return self->state.carry_out(x); },
    [self](const socket_ready& x) { self->state.on_socket(x); },
    [self](caf::timeout_atom, uint64_t number) { self->state.expired(number); },
  };
}

} // namespace pgstatsmon
