// The CONNECTION's life: its beginning, orders, what wakes it up, its end.
#include "actors/backend/connection.hpp"

#include "actors/backend/conninfo.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// How long a removed backend's queries may take to end.
constexpr auto farewell = std::chrono::milliseconds{500};

const session_error unwatchable{.reason = failure::other,
                                .message = "the system can't watch one more socket"};

} // namespace

connection_state::~connection_state() {
  drop_successor();
  drop_session();
}

void connection_state::start(connection_arguments arguments) {
  arguments_ = std::move(arguments);
  results_.emplace(arguments_.target, arguments_.metrics,
                   [this](const log_fields& fields, const std::string& line) {
                     say(spdlog::level::warn, fields, "{}", line);
                   });
  agenda_.emplace(arguments_.metrics->queries(), arguments_.target.id, arguments_.target.collect,
                  false, arguments_.target.kind);
  if (arguments_.target.collect.own_share < 1)
    own_time_ = own_time{arguments_.context->cpu_time};
  if (is_console()) {
    takes_options_ = false;
    arguments_.metrics->role = server_role::pgbouncer;
  }
  connect();
}

void connection_state::drop_session() {
  close_session();
  lease_.reset();
}

void connection_state::close_session() {
  if (session_ == nullptr)
    return;
  watch_.expire();
  if (auto socket = session_->socket(); socket >= 0)
    arguments_.context->sockets->forget(socket);
  session_.reset();
}

void connection_state::obey(const session_order& order) {
  auto before = std::exchange(wanted_, order.connect);
  if (leaving_)
    return;
  // It sees to itself whether its backend is paused.
  if (arguments_.visitor)
    self_->send(arguments_.visitor, session_order{});
  if (wanted_ && !before && state_ == backend_state::disconnected)
    connect();
  // SETUP and polls end first; both lead here again.
  else if (!wanted_ && state_ != backend_state::polling && state_ != backend_state::setup)
    let_go();
}

void connection_state::let_go() {
  attempt_.expire();
  timer_.expire();
  quiet_ = false;
  drop_successor();
  drop_session();
  answer_held(failure::none);
  enter(backend_state::disconnected);
}

void connection_state::remove() {
  leaving_ = true;
  attempt_.expire();
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
  if (arguments_.visitor)
    self_->send_exit(arguments_.visitor, caf::exit_reason::user_shutdown);
  self_->quit();
}

void connection_state::reconfigure(const reconfigured& news) {
  if (arguments_.visitor)
    self_->send(arguments_.visitor, news);
  const auto& fresh = news.value;
  auto old = std::exchange(arguments_.options, fresh);
  outdated_ = outdated_ || old->connections != fresh->connections
              || old->password_file != fresh->password_file;
  // Whoever turned setup on, or gave it another password, wants it tried.
  if (old->setup != fresh->setup)
    setup_due_ = now();
  connect_anew_if_outdated();
}

void connection_state::follow(const backend_changed& news) {
  outdated_ = outdated_ || connects_otherwise(arguments_.target, news.value);
  arguments_.target = news.value;
  results_->relabel(news.value.labels);
  if (arguments_.visitor)
    self_->send(arguments_.visitor, news);
  connect_anew_if_outdated();
}

void connection_state::connect_anew_if_outdated() {
  if (!outdated_ || state_ != backend_state::ready)
    return;
  drop_session();
  connect();
}

void connection_state::on_socket(const socket_ready& event) {
  if (successor_watch_.is(event.watch) && successor_ != nullptr) {
    if (event.events == 0)
      renewal_failed(unwatchable);
    else
      advance_successor(successor_->advance());
    return;
  }
  if (!watch_.is(event.watch) || session_ == nullptr)
    return;
  if (event.events == 0)
    failed(unwatchable);
  else if (state_ == backend_state::connecting)
    go_on(session_->advance());
  else
    receive();
}

void connection_state::on_timer(uint64_t number) {
  if (!timer_.is(number))
    return;
  if (leaving_) {
    end();
    return;
  }
  switch (state_) {
  case backend_state::connecting:
    attempt_.expire();
    if (session_ != nullptr)
      attempt_failed(attempts_.silence());
    else
      failed({.reason = failure::timeout, .message = "no connection within connect_timeout"});
    break;
  case backend_state::backoff: connect(); break;
  case backend_state::polling: poll_is_silent(); break;
  case backend_state::ready:
  case backend_state::setup:
  case backend_state::disconnected: break;
  }
}

void connection_state::enter(backend_state state) {
  state_ = state;
  arguments_.metrics->state = state;
  arguments_.metrics->history.enter(state, now());
  auto serving = state == backend_state::ready || state == backend_state::polling || quiet_;
  if (!serving && std::exchange(visiting_, false))
    self_->send(arguments_.visitor, session_order{.connect = false});
}

void connection_state::arm(caf::timespan delay) {
  self_->delayed_send(self_, delay, caf::timeout_atom_v, timer_.renew());
}

void connection_state::watch(interest what) {
  auto& sockets = *arguments_.context->sockets;
  // libpq may have taken another socket of the same number since.
  if (state_ == backend_state::connecting)
    sockets.forget(session_->socket());
  sockets.watch(session_->socket(), epoll_events(what), self_, watch_.renew());
}

connection_actor::behavior_type connection(observed_ptr<connection_actor, connection_state> self,
                                           connection_arguments arguments) {
  self->is_for(arguments.target.name);
  if (arguments.visitor)
    self->link_to(arguments.visitor);
  self->state.start(std::move(arguments));
  return {
    [self](const poll& x) {
      return x.sample ? self->state.begin_sample() : self->state.begin_poll(x.interval);
    },
    [self](const backend_removed&) { self->state.remove(); },
    [self](const reconfigured& x) { self->state.reconfigure(x); },
    [self](const backend_changed& x) { self->state.follow(x); },
    [self](const session_order& order) { self->state.obey(order); },
    [self](const socket_ready& x) { self->state.on_socket(x); },
    [self](caf::timeout_atom, uint64_t number) { self->state.on_timer(number); },
    [self](caf::tick_atom, uint64_t number) { self->state.on_renewal(number); },
  };
}

} // namespace pgstatsmon
