// The SETUP's one run.
#include "actors/backend/setup.hpp"

#include "actors/backend/classify.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/lease.hpp"
#include "actors/backend/pq_session.hpp"
#include "actors/backend/setup_sql.hpp"
#include "config/databases.hpp"

namespace pgstatsmon {

namespace {

/// What setup's own statements may take, besides connecting.
constexpr auto work_limit = std::chrono::seconds{10};

/// Belongs to the installation. Whoever owns a watched database decides what runs in it.
constexpr auto own_database = "postgres";

} // namespace

setup_actor_state::~setup_actor_state() {
  close();
}

caf::result<caf::ok_atom> setup_actor_state::start() {
  promise_ = self_->make_response_promise<caf::ok_atom>();
  if (arguments.context->gate)
    self_->request(arguments.context->gate, caf::infinite, lease_request{.life = arguments.life})
      .then(
        [this](lease_granted& granted) {
          lease_ = std::move(granted.value);
          look_up_administrator();
        },
        [this](const caf::error& error) { failed(sentence_of(error)); });
  else
    look_up_administrator();
  return promise_;
}

void setup_actor_state::look_up_administrator() {
  const auto& options = *arguments.options;
  const auto& host = arguments.target.address;
  lookup wanted{needs_resolution(host) ? host : std::string{}, options.setup.password_file};
  self_->request(arguments.context->worker, options.connections.connect_timeout, std::move(wanted))
    .then([this](const lookup_result& found) { look_up_role_password(found); },
          [this](const caf::error& error) { failed(sentence_of(error)); });
}

void setup_actor_state::look_up_role_password(const lookup_result& administrator) {
  const auto& options = *arguments.options;
  self_
    ->request(arguments.context->worker, options.connections.connect_timeout,
              lookup{.password_file = password_file_of(arguments.target, options)})
    .then(
      [this, administrator](const lookup_result& found) {
        administrator_ = administrator;
        role_password_ = found.password;
        open(own_database);
      },
      [this](const caf::error& error) { failed(sentence_of(error)); });
}

void setup_actor_state::open(const std::string& database) {
  const auto& options = *arguments.options;
  database_ = database;
  auto target = arguments.target;
  target.database = database;
  close();
  session_ = arguments.context->sessions();
  // The address that has just answered; the others may be silent.
  auto addresses =
    arguments.address.empty() ? administrator_.addresses : std::vector{arguments.address};
  go_on(session_->connect(arguments.context->passfile->checked(
    setup_parameters(target, options.connections, {options.setup.user, administrator_.password},
                     addresses, {.version = 0, .takes_options = takes_options_}))));
}

void setup_actor_state::close() {
  if (session_ != nullptr && session_->socket() >= 0)
    arguments.context->sockets->forget(session_->socket());
  ++watch_;
  session_.reset();
  connected_ = false;
}

void setup_actor_state::on_socket(const socket_ready& event) {
  if (event.watch != watch_)
    return;
  if (event.events == 0)
    failed("the system can't watch one more socket");
  else if (connected_)
    receive();
  else
    go_on(session_->advance());
}

void setup_actor_state::go_on(const connect_progress& progress) {
  const auto* error = std::get_if<session_error>(&progress);
  if (error != nullptr && takes_options_ && may_come_from_options(error->sqlstate)) {
    takes_options_ = false;
    open(database_);
  } else if (error != nullptr)
    failed(error->message);
  else if (const auto* waits = std::get_if<connecting>(&progress))
    watch(waits->wants);
  else
    send();
}

void setup_actor_state::send() {
  connected_ = true;
  if (session_->facts().role == server_role::standby) {
    failed("the server is a standby, only its primary can be set up", ec::is_standby);
    return;
  }
  auto version = session_->facts().version;
  if (setup_is_by_database(version) && database_ != arguments.target.database) {
    open(arguments.target.database);
    return;
  }
  const auto& role = arguments.target.user;
  auto verifier =
    role_password_.empty() ? std::string{} : password_verifier(role, role_password_, version);
  if (verifier.empty() != role_password_.empty()) {
    failed("libpq can't encrypt the role's password");
    return;
  }
  std::vector<statement> flight;
  for (auto& sql :
       setup_statements(version, role, verifier, sessions_of(arguments.target.databases) - 1))
    flight.push_back({.pins = local_pins(setup_limits(), version), .sql = std::move(sql)});
  if (auto error = session_->send(flight))
    failed(error->message);
  else
    watch(interest::read_write);
}

void setup_actor_state::receive() {
  auto error = session_->receive([this](const statement_result& result) {
    if (result.error && !first_error_)
      first_error_ = result.error;
  });
  if (error)
    failed(error->message);
  else if (session_->pending() > 0)
    watch(session_->sending() ? interest::read_write : interest::read);
  else if (first_error_)
    failed(first_error_->message);
  else
    done();
}

void setup_actor_state::watch(interest what) {
  arguments.context->sockets->watch_anew(session_->socket(), epoll_events(what), self_, ++watch_);
}

void setup_actor_state::done() {
  promise_.deliver(caf::ok_atom_v);
  self_->quit();
}

void setup_actor_state::failed(const std::string& what, ec why) {
  promise_.deliver(caf::make_error(why, what));
  self_->quit();
}

setup_actor::behavior_type setup(observed_ptr<setup_actor, setup_actor_state> self,
                                 setup_arguments arguments) {
  auto limit = arguments.options->connections.connect_timeout + work_limit;
  self->is_for(arguments.target.name);
  self->state.arguments = std::move(arguments);
  self->delayed_send(self, limit, caf::timeout_atom_v);
  return {
    [self](caf::get_atom) { return self->state.start(); },
    [self](const socket_ready& x) { self->state.on_socket(x); },
    [self](caf::timeout_atom) { self->state.failed("it took too long"); },
  };
}

} // namespace pgstatsmon
