// The CONNECTION's life: connecting, failing, waiting, ending.
#include "actors/backend/connection.hpp"

#include "actors/backend/classify.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/lease.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// How long a removed backend's queries may take to end.
constexpr auto farewell = std::chrono::milliseconds{500};

/// Failures in a row that make no suspect yet, whatever connect_retries says.
constexpr uint32_t fresh_failures = 3;

const session_error unwatchable{failure::other, {}, "the system can't watch one more socket"};

} // namespace

connection_state::~connection_state() {
  drop_successor();
  drop_session();
}

void connection_state::start(connection_arguments arguments) {
  arguments_ = std::move(arguments);
  query_complaints_.resize(queries().queries().size());
  agenda_.emplace(arguments_.metrics->queries(), arguments_.target.id, arguments_.target.collect);
  connect();
}

lookup connection_state::lookup_wanted() const {
  const auto& address = arguments_.target.address;
  return {needs_resolution(address) ? address : std::string{}, arguments_.options->password_file};
}

session_error connection_state::lookup_failure(const caf::error& error) {
  if (error == caf::sec::request_timeout)
    return {failure::dns, {}, "the name service did not answer in time"};
  return {error == ec::dns_failed ? failure::dns : failure::other, {}, sentence_of(error)};
}

connect_parameters
connection_state::parameters_for(const std::string& password,
                                 const std::vector<std::string>& addresses) const {
  return arguments_.context->passfile->checked(
    polling_parameters(arguments_.target, options(), {arguments_.target.user, password}, addresses,
                       {arguments_.metrics->server_version.load(), takes_options_}));
}

void connection_state::connect() {
  drop_successor();
  if (!wanted_) {
    let_go();
    return;
  }
  enter(backend_state::connecting);
  auto attempt = attempt_ = fresh_number();
  if (!arguments_.context->gate) {
    look_up();
    return;
  }
  timer_ = fresh_number(); // the deadline begins when it may connect
  auto suspect = outage_.failures() >= std::max(options().connect_retries, fresh_failures);
  self_->request(arguments_.context->gate, caf::infinite, lease_request{arguments_.life, suspect})
    .then(
      [this, attempt](lease_granted& granted) {
        if (attempt != attempt_)
          return;
        lease_ = std::move(granted.value);
        look_up();
      },
      [this, attempt](const caf::error& error) {
        if (attempt == attempt_)
          failed({failure::descriptors, {}, sentence_of(error)});
      });
}

void connection_state::look_up() {
  deadline_ = now() + options().connect_timeout;
  arm(options().connect_timeout);
  auto wanted = lookup_wanted();
  auto attempt = attempt_;
  if (wanted.host.empty() && wanted.password_file.empty()) {
    open({});
    return;
  }
  self_->request(arguments_.context->worker, options().connect_timeout, std::move(wanted))
    .then(
      [this, attempt](const lookup_result& found) {
        if (attempt == attempt_)
          open(found);
      },
      [this, attempt](const caf::error& error) {
        if (attempt == attempt_)
          failed(lookup_failure(error));
      });
}

void connection_state::open(const lookup_result& found) {
  outdated_ = false;
  password_ = found.password;
  attempts_.begin(found.addresses, deadline_);
  try_next_address();
}

std::unique_ptr<session> connection_state::make_session() const {
  auto result = arguments_.context->sessions();
  result->limit(bounds_of(options()));
  return result;
}

void connection_state::try_next_address() {
  auto attempt = attempts_.next(now());
  if (!attempt) {
    failed(attempts_.any_failed() ? attempts_.summary() : attempts_.silence());
    return;
  }
  arm(attempt->share);
  session_ = make_session();
  std::vector<std::string> addresses;
  if (!attempt->address.empty())
    addresses.push_back(attempt->address);
  go_on(session_->connect(parameters_for(password_, addresses)));
}

void connection_state::attempt_failed(const session_error& error) {
  attempts_.failed(error);
  close_session();
  if (attempts_.any_left() && address_attempts::another_may_help(error))
    try_next_address();
  else
    failed(attempts_.summary());
}

void connection_state::go_on(const connect_progress& progress) {
  if (progress.error)
    attempt_failed(*progress.error);
  else if (progress.connected) {
    attempts_.worked();
    if (attempts_.any_failed())
      complain(silent_address_, "connected to " + attempts_.current() + " after all",
               attempts_.summary());
    connected();
  } else
    watch(progress.wants);
}

void connection_state::connected() {
  timer_ = fresh_number(); // the attempt's deadline
  password_.clear();
  if (lease_)
    lease_->connected();
  arguments_.metrics->connects.fetch_add(1, std::memory_order_relaxed);
  facts_ = {};
  // What is known of the server holds for a session that replaces another without an outage.
  auto rights = quiet_ && rights_complete_;
  if (!quiet_)
    asked_role_ = server_role::unknown;
  footing_ = options().guards ? footing::unknown : footing::shared;
  prepared_ = {};
  look_at_facts();
  rights_complete_ = rights;
  rights_asked_.reset();
  facts_asked_.reset();
  proven_ = false;
  plan_renewal();
  enter(backend_state::ready);
  if (held_) {
    send_poll(*std::exchange(held_, std::nullopt));
    return;
  }
  watch(interest::read);
  // The poll after an idle loss is due when it would have been due anyway.
  if (!quiet_)
    self_->send(arguments_.scheduler, backend_ready{arguments_.life});
}

void connection_state::failed(const session_error& error) {
  password_.clear();
  drop_successor();
  drop_session();
  if (leaving_) {
    end();
    return;
  }
  if (options_may_be_why(error)) {
    takes_options_ = false;
    say(level::info, "{}: connecting without startup options", error.message);
    connect();
    return;
  }
  quiet_ = false;
  answer_held(error.reason);
  auto& metrics = *arguments_.metrics;
  metrics.up = false;
  if (setup_may_help(error)) {
    setup_for_ = error;
    run_setup();
    enter(backend_state::setup);
    return;
  }
  metrics.count_failure(error.reason);
  metrics.last_failure = error.reason;
  remember(error, "connection");
  switch (outage_.failed(error.reason, options().connect_retries, now())) {
  case outage::news::failing:
    say_one_of_many(error.reason == failure::descriptors ? level::debug : level::warn,
                    to_string_view(error.reason), "{}: {}", to_string_view(error.reason),
                    error.message);
    break;
  case outage::news::lasting:
  case outage::news::reminder:
    say_one_of_many(error.reason == failure::descriptors ? level::debug : level::err,
                    fmt::format("{} again and again", to_string_view(error.reason)),
                    "{} failures in a row, now {}: {}", outage_.failures(),
                    to_string_view(error.reason), error.message);
    break;
  case outage::news::nothing:
    say(level::debug, "{}: {}", to_string_view(error.reason), error.message);
  }
  end_poll(error.reason, false);
  enter(backend_state::backoff);
  arm(waits_for(error.reason).next(arguments_.context->chance()));
}

backoff& connection_state::waits_for(failure reason) {
  switch (reason) {
  case failure::too_large: return oversized_;
  case failure::no_database: return reconnect_slowly_;
  default: return reconnect_;
  }
}

bool connection_state::options_may_be_why(const session_error& error) const {
  return state_ == backend_state::connecting && options().guards && takes_options_
         && may_come_from_options(error.sqlstate);
}

void connection_state::lost(const session_error& error) {
  auto idle = !poll_ || !poll_->answered;
  auto what = error.reason == failure::network && !leaving_ ? remedy_for(
                {.idle = idle, .poll_waits = poll_.has_value(), .proven = proven_, .quiet = quiet_})
                                                            : remedy::outage;
  if (what == remedy::outage) {
    failed(error);
    return;
  }
  if (auto times = idle_losses_.happened(now()))
    say(level::info, "the idle session was ended by the other side, another one replaces it{}: {}",
        *times == 1 ? std::string{} : fmt::format(" ({} times since the last such line)", *times),
        error.message);
  drop_session();
  quiet_ = true;
  if (auto ended = std::exchange(poll_, std::nullopt)) {
    trace::backend_done(arguments_.target.name);
    held_ = std::move(ended->promise);
  }
  if (what == remedy::connect_now)
    connect();
  else
    enter(backend_state::disconnected);
}

void connection_state::drop_session() {
  close_session();
  lease_.reset();
}

void connection_state::close_session() {
  if (session_ == nullptr)
    return;
  watch_ = fresh_number();
  if (auto socket = session_->socket(); socket >= 0)
    arguments_.context->sockets->forget(socket);
  session_.reset();
}

void connection_state::obey(const session_order& order) {
  wanted_ = order.connect;
  if (leaving_)
    return;
  if (wanted_ && state_ == backend_state::disconnected)
    connect();
  // SETUP and polls end first; both lead here again.
  else if (!wanted_ && state_ != backend_state::polling && state_ != backend_state::setup)
    let_go();
}

void connection_state::let_go() {
  attempt_ = fresh_number();
  timer_ = fresh_number();
  quiet_ = false;
  drop_successor();
  drop_session();
  answer_held(failure::none);
  enter(backend_state::disconnected);
}

void connection_state::remove() {
  leaving_ = true;
  attempt_ = fresh_number();
  drop_successor();
  if (state_ != backend_state::polling) {
    end();
    return;
  }
  if (auto request = session_->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  arm(farewell);
}

void connection_state::end() {
  end_poll(failure::none, false);
  answer_held(failure::none);
  drop_session();
  self_->send_exit(arguments_.query, caf::exit_reason::user_shutdown);
  if (arguments_.visitor)
    self_->send_exit(arguments_.visitor, caf::exit_reason::user_shutdown);
  self_->quit();
}

void connection_state::reconfigure(const reconfigured& news) {
  if (arguments_.visitor)
    self_->send(arguments_.visitor, news);
  const auto& x = news.value;
  auto old = std::exchange(arguments_.options, x);
  outdated_ =
    outdated_ || old->connections != x->connections || old->password_file != x->password_file;
  // Whoever turned setup on, or gave it another password, wants it tried.
  if (old->setup != x->setup)
    setup_due_ = now();
  if (outdated_ && state_ == backend_state::ready) {
    drop_session();
    connect();
  }
}

void connection_state::on_socket(const socket_ready& x) {
  if (x.watch == successor_watch_ && successor_ != nullptr) {
    if (x.events == 0)
      renewal_failed(unwatchable);
    else
      advance_successor(successor_->advance());
    return;
  }
  if (x.watch != watch_ || session_ == nullptr)
    return;
  if (x.events == 0)
    failed(unwatchable);
  else if (state_ == backend_state::connecting)
    go_on(session_->advance());
  else
    receive();
}

void connection_state::on_timer(uint64_t number) {
  if (number != timer_)
    return;
  if (leaving_) {
    end();
    return;
  }
  switch (state_) {
  case backend_state::connecting:
    attempt_ = fresh_number();
    if (session_ != nullptr)
      attempt_failed(attempts_.silence());
    else
      failed({failure::timeout, {}, "no connection within connect_timeout"});
    break;
  case backend_state::backoff: connect(); break;
  case backend_state::polling: poll_is_silent(); break;
  case backend_state::ready:
  case backend_state::setup:
  case backend_state::disconnected: break;
  }
}

void connection_state::enter(backend_state x) {
  state_ = x;
  arguments_.metrics->state = x;
  arguments_.metrics->history.enter(x, now());
  auto serving = x == backend_state::ready || x == backend_state::polling || quiet_;
  if (!serving && std::exchange(visiting_, false))
    self_->send(arguments_.visitor, session_order{.connect = false});
}

void connection_state::remember(const session_error& error, std::string what) {
  arguments_.metrics->history.add_error({arguments_.context->unix_time(), error.reason,
                                         error.sqlstate, std::move(what), error.message});
}

void connection_state::complain(complaint& about, std::string_view subject,
                                const session_error& error) {
  auto reason = error.sqlstate.empty() ? error.message : error.sqlstate + ' ' + error.message;
  switch (about.failed(reason, now())) {
  case complaint::news::begins: say(level::warn, "{}: {}", subject, reason); break;
  case complaint::news::changes: say(level::warn, "{}: now {}", subject, reason); break;
  case complaint::news::lasts:
    say(level::warn, "{}: still failing, {} times in a row: {}", subject, about.failures(), reason);
    break;
  case complaint::news::nothing: say(level::debug, "{}: {}", subject, reason);
  }
}

void connection_state::settle(complaint& about, std::string_view subject) {
  if (auto past = about.ended(now()))
    say(level::info, "{}: works again after {} failures in {} s", subject, past->failures,
        past->lasted.count());
}

void connection_state::arm(caf::timespan delay) {
  self_->delayed_send(self_, delay, caf::timeout_atom_v, timer_ = fresh_number());
}

void connection_state::watch(interest what) {
  arguments_.context->sockets->watch(session_->socket(), epoll_events(what), self_,
                                     watch_ = fresh_number());
}

connection_actor::behavior_type connection(observed_ptr<connection_actor, connection_state> self,
                                           connection_arguments arguments) {
  self->is_for(arguments.target.name);
  self->link_to(arguments.query);
  if (arguments.visitor)
    self->link_to(arguments.visitor);
  self->state.start(std::move(arguments));
  return {
    [self](const poll&) { return self->state.begin_poll(); },
    [self](const backend_removed&) { self->state.remove(); },
    [self](const reconfigured& x) { self->state.reconfigure(x); },
    [self](const session_order& order) { self->state.obey(order); },
    [self](const socket_ready& x) { self->state.on_socket(x); },
    [self](caf::timeout_atom, uint64_t number) { self->state.on_timer(number); },
    [self](caf::tick_atom, uint64_t number) { self->state.on_renewal(number); },
  };
}

} // namespace pgstatsmon
