// The VISITOR's visits: how one begins, fails, and what wakes it up.
#include "actors/backend/conninfo.hpp"
#include "actors/backend/lease.hpp"
#include "actors/backend/query.hpp"
#include "actors/backend/visitor.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

const session_error unwatchable{.reason = failure::other,
                                .message = "the system can't watch one more socket"};

visit_outcome outcome_of(failure reason) {
  switch (reason) {
  case failure::too_many_connections:
  case failure::role_limit:
  case failure::descriptors: return visit_outcome::no_room;
  default: return visit_outcome::failed;
  }
}

} // namespace

void visitor_state::enter(const std::string& database, visit& x) {
  x.began = now();
  if (!arguments_.context->gate) {
    look_up(database, x);
    return;
  }
  self_->request(arguments_.context->gate, caf::infinite, lease_request{.life = arguments_.life})
    .then(
      [this, number = x.number.value()](lease_granted& granted) {
        auto* found = find(&visit::number, number);
        if (found == nullptr)
          return;
        found->second.open->right = std::move(granted.value);
        look_up(found->first, *found->second.open);
      },
      [this, number = x.number.value()](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {.reason = failure::descriptors, .message = sentence_of(error)});
      });
}

void visitor_state::look_up(const std::string& database, visit& x) {
  if (arguments_.options->password_file.empty()) {
    connect(database, x, {});
    return;
  }
  self_
    ->request(arguments_.context->worker, options().connect_timeout,
              lookup{.password_file = arguments_.options->password_file})
    .then(
      [this, number = x.number.value()](const lookup_result& result) {
        if (auto* found = find(&visit::number, number))
          connect(found->first, *found->second.open, result.password);
      },
      [this, number = x.number.value()](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {.reason = failure::other, .message = sentence_of(error)});
      });
}

void visitor_state::connect(const std::string& database, visit& x, const std::string& password) {
  x.at = visit::stage::connecting;
  x.link = arguments_.context->sessions();
  x.link->limit(bounds_of(options()));
  auto target = arguments_.target;
  target.database = database;
  // The server that the backend's own session is at, whatever else its name stands for.
  std::vector<std::string> addresses;
  if (!server_->address.empty())
    addresses.push_back(server_->address);
  arm(x, options().connect_timeout);
  go_on(database, x,
        x.link->connect(arguments_.context->passfile->checked(
          polling_parameters(target, options(), {target.user, password}, addresses,
                             {server_->version, server_->takes_options}))));
}

void visitor_state::go_on(const std::string& database, visit& x, const connect_progress& progress) {
  if (const auto* error = std::get_if<session_error>(&progress)) {
    failed(database, *error);
    return;
  }
  if (const auto* waits = std::get_if<connecting>(&progress)) {
    watch(x, waits->wants);
    return;
  }
  if (x.right)
    x.right->connected();
  x.facts = x.link->facts();
  x.memory.ground = options().guards ? footing::unknown : footing::shared;
  ask(database, databases_.at(database));
}

void visitor_state::failed(const std::string& database, const session_error& error) {
  auto& y = databases_.at(database);
  auto how = outcome_of(error.reason);
  y.shown.tried = true;
  y.shown.up = false;
  judge(database, y, error);
  if (error.reason == failure::no_database)
    hide(database, y);
  end(database, how);
  show();
  pump();
}

void visitor_state::judge(const std::string& database, watched& y,
                          const std::optional<session_error>& error) {
  y.shown.reason = error ? error->reason : failure::none;
  y.shown.error = error ? error->message : std::string{};
  const auto& own = arguments_.metrics->log_level;
  auto say = [&](level::level_enum x, const std::string& line) {
    auto* alike = own == no_own_level ? arguments_.context->alike : nullptr;
    if (is_logged(own, x)
        && (alike == nullptr
            || alike->worth_a_line(x, "have a database that fails", arguments_.target.name, now())))
      log_about(own, x, "backend {}: database {}: {}", arguments_.target.name, one_line(database),
                line);
  };
  if (!error) {
    if (auto past = y.trouble.ended(now()))
      say(level::info, fmt::format("works again after {} failures in {} s", past->failures,
                                   past->lasted.count()));
    return;
  }
  if (y.trouble.failed(error->sqlstate + error->message, now()) != complaint::news::nothing)
    say(level::warn, fmt::format("{}: {}", to_string_view(error->reason), error->message));
}

void visitor_state::silent(const std::string& database, watched& y) {
  auto& x = *y.open;
  if (x.at != visit::stage::asking) {
    failed(database,
           {.reason = failure::timeout, .message = "no connection within connect_timeout"});
    return;
  }
  if (auto deadline = x.progress->deadline(); now() < deadline) {
    arm(x, deadline - now());
    return;
  }
  if (auto request = x.link->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  failed(database, {.reason = failure::timeout, .message = "the server did not answer in time"});
}

void visitor_state::on_socket(const socket_ready& x) {
  if (leaving_.contains(x.watch)) {
    on_farewell(x.watch, x.events != 0);
    return;
  }
  auto* found = find(&visit::watch, x.watch);
  if (found == nullptr || found->second.open->link == nullptr)
    return;
  auto& [database, y] = *found;
  if (x.events == 0)
    failed(database, unwatchable);
  else if (y.open->at == visit::stage::connecting)
    go_on(database, *y.open, y.open->link->advance());
  else
    receive(database, y);
}

void visitor_state::on_timer(uint64_t number) {
  if (auto* found = find(&visit::timer, number))
    silent(found->first, found->second);
  else
    on_farewell(number, false);
}

std::pair<const std::string, visitor_state::watched>*
visitor_state::find(counting_number visit::*which, uint64_t number) {
  for (auto& x : databases_)
    if (x.second.open != nullptr && ((*x.second.open).*which).is(number))
      return &x;
  return nullptr;
}

void visitor_state::watch(visit& x, interest what) {
  arguments_.context->sockets->watch(x.link->socket(), epoll_events(what), self_, x.watch.renew());
}

void visitor_state::arm(visit& x, caf::timespan delay) {
  self_->delayed_send(self_, delay, caf::timeout_atom_v, x.timer.renew());
}

} // namespace pgstatsmon
