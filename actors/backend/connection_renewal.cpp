// The CONNECTION's renewal: a session that has grown old is replaced by one made beside it.
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"

#include <algorithm>
#include <chrono>

namespace pgstatsmon {

namespace {

/// A timer keeps its actor in memory, one that has ended too: a long wait is many short ones.
constexpr caf::timespan longest_timer = std::chrono::minutes{1};

} // namespace

void connection_state::plan_renewal() {
  drop_successor();
  renewal_backoff_.reset();
  auto age = caf::timespan{options().max_age};
  if (age.count() > 0)
    arm_renewal(backoff{age, age}.next(arguments_.context->chance()));
}

void connection_state::arm_renewal(caf::timespan delay) {
  renewal_.renew();
  renewal_due_ = now() + delay;
  await_renewal();
}

void connection_state::await_renewal() {
  auto left = std::chrono::duration_cast<caf::timespan>(renewal_due_ - now());
  self_->delayed_send(self_, std::min(left, longest_timer), caf::tick_atom_v, renewal_.value());
}

void connection_state::on_renewal(uint64_t number) {
  if (!renewal_.is(number) || leaving_ || session_ == nullptr)
    return;
  if (now() < renewal_due_)
    await_renewal();
  else if (renewing_)
    renewal_failed({.reason = failure::timeout, .message = "no connection within connect_timeout"});
  else
    renew();
}

void connection_state::renew() {
  renewing_ = true;
  arm_renewal(options().connect_timeout);
  auto wanted = lookup_wanted();
  if (wanted.host.empty() && wanted.password_file.empty()) {
    open_successor({});
    return;
  }
  self_->request(arguments_.context->worker, options().connect_timeout, std::move(wanted))
    .then(
      [this, number = renewal_.value()](const lookup_result& found) {
        if (renewal_.is(number))
          open_successor(found);
      },
      [this, number = renewal_.value()](const caf::error& error) {
        if (renewal_.is(number))
          renewal_failed(lookup_failure(error));
      });
}

void connection_state::open_successor(const lookup_result& found) {
  // One address will do: the old session goes on if it does not answer.
  auto first = attempts_.first_of(found.addresses);
  successor_ = make_session();
  advance_successor(successor_->connect(parameters_for(found.password, first)));
}

void connection_state::advance_successor(const connect_progress& progress) {
  if (const auto* error = std::get_if<session_error>(&progress)) {
    renewal_failed(*error);
    return;
  }
  if (const auto* waits = std::get_if<connecting>(&progress)) {
    arguments_.context->sockets->watch_anew(successor_->socket(), epoll_events(waits->wants), self_,
                                            successor_watch_.renew());
    return;
  }
  successor_ready_ = true;
  if (state_ == backend_state::ready)
    swap_sessions();
}

void connection_state::swap_sessions() {
  successor_ready_ = false;
  auto next = std::move(successor_);
  if (auto socket = next->socket(); socket >= 0)
    arguments_.context->sockets->forget(socket);
  close_session();
  session_ = std::move(next);
  quiet_ = true;
  settle(renewal_complaint_, {"renewal of the session"});
  connected();
}

void connection_state::renewal_failed(const session_error& error) {
  drop_successor();
  complain(renewal_complaint_, {"renewal of the session, the old one is kept"}, error);
  arm_renewal(renewal_backoff_.next(arguments_.context->chance()));
}

void connection_state::drop_successor() {
  renewal_.expire();
  successor_watch_.expire();
  renewing_ = successor_ready_ = false;
  if (successor_ == nullptr)
    return;
  if (auto socket = successor_->socket(); socket >= 0)
    arguments_.context->sockets->forget(socket);
  successor_.reset();
}

} // namespace pgstatsmon
