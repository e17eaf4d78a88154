// The VISITOR's visits: how one begins, fails, and what wakes it up.
#include "actors/backend/conninfo.hpp"
#include "actors/backend/lease.hpp"
#include "actors/backend/poll_results.hpp"
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

void visitor_state::enter(const std::string& database, visit& open) {
  open.began = now();
  if (!arguments_.context->gate) {
    look_up(database, open);
    return;
  }
  self_->request(arguments_.context->gate, caf::infinite, lease_request{.life = arguments_.life})
    .then(
      [this, number = open.number.value()](lease_granted& granted) {
        auto* found = find(&visit::number, number);
        if (found == nullptr)
          return;
        found->second.open->right = std::move(granted.value);
        look_up(found->first, *found->second.open);
      },
      [this, number = open.number.value()](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {.reason = failure::descriptors, .message = sentence_of(error)});
      });
}

void visitor_state::look_up(const std::string& database, visit& open) {
  if (password_file_of(arguments_.target, *arguments_.options).empty()) {
    connect(database, open, {});
    return;
  }
  self_
    ->request(arguments_.context->worker, options().connect_timeout,
              lookup{.password_file = password_file_of(arguments_.target, *arguments_.options)})
    .then(
      [this, number = open.number.value()](const lookup_result& result) {
        if (auto* found = find(&visit::number, number))
          connect(found->first, *found->second.open, result.password);
      },
      [this, number = open.number.value()](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {.reason = failure::other, .message = sentence_of(error)});
      });
}

void visitor_state::connect(const std::string& database, visit& open, const std::string& password) {
  open.at = visit::stage::connecting;
  open.link = arguments_.context->sessions();
  open.link->limit(bounds_of(options()));
  auto target = arguments_.target;
  target.database = database;
  // The server that the backend's own session is at, whatever else its name stands for.
  std::vector<std::string> addresses;
  if (!server_->address.empty())
    addresses.push_back(server_->address);
  arm(open, options().connect_timeout);
  go_on(database, open,
        open.link->connect(arguments_.context->passfile->checked(
          polling_parameters(target, options(), {target.user, password}, addresses,
                             {server_->version, server_->takes_options}))));
}

void visitor_state::go_on(const std::string& database, visit& open,
                          const connect_progress& progress) {
  if (const auto* error = std::get_if<session_error>(&progress)) {
    failed(database, *error);
    return;
  }
  if (const auto* waits = std::get_if<connecting>(&progress)) {
    // libpq may have taken another socket of the same number since.
    arguments_.context->sockets->forget(open.link->socket());
    watch(open, waits->wants);
    return;
  }
  if (open.right)
    open.right->connected();
  open.facts = open.link->facts();
  open.memory.ground = options().guards ? footing::unknown : footing::shared;
  ask(database, databases_.at(database));
}

void visitor_state::failed(const std::string& database, const session_error& error) {
  auto& known = databases_.at(database);
  auto how = outcome_of(error.reason);
  known.shown.tried = true;
  known.shown.up = false;
  judge(database, known, error);
  if (error.reason == failure::no_database)
    hide(database, known);
  end(database, how);
  show();
  pump();
}

void visitor_state::judge(const std::string& database, watched& known,
                          const std::optional<session_error>& error) {
  known.shown.reason = error ? error->reason : failure::none;
  known.shown.error = error ? error->message : std::string{};
  log_fields fields{.database = database};
  auto say = [&](level::level_enum grade, const std::string& line) {
    say_one_of_many(grade, fields, "have a database that fails", "database {}: {}",
                    one_line(database), line);
  };
  if (!error) {
    if (auto past = known.trouble.ended(now())) {
      fields.event = log_event::database_recovered;
      fields.failures = past->failures;
      say(level::info, fmt::format("works again after {} in {} s",
                                   counted(past->failures, "failure"), past->lasted.count()));
    }
    return;
  }
  if (known.trouble.failed(error->sqlstate + error->message, now()) == complaint::news::nothing)
    return;
  fields.event = log_event::database_failing;
  fields.reason = to_string_view(error->reason);
  fields.sqlstate = error->sqlstate;
  fields.failures = known.trouble.failures();
  say(level::warn, fmt::format("{}: {}", fields.reason, error->message));
}

void visitor_state::silent(const std::string& database, watched& known) {
  auto& open = *known.open;
  if (open.at != visit::stage::asking) {
    failed(database,
           {.reason = failure::timeout, .message = "no connection within connect_timeout"});
    return;
  }
  if (auto deadline = open.progress->deadline(); now() < deadline) {
    arm(open, deadline - now());
    return;
  }
  if (auto request = open.link->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  failed(database, {.reason = failure::timeout, .message = "the server did not answer in time"});
}

void visitor_state::on_socket(const socket_ready& event) {
  if (leaving_.contains(event.watch)) {
    on_farewell(event.watch, event.events != 0);
    return;
  }
  auto* found = find(&visit::watch, event.watch);
  if (found == nullptr || found->second.open->link == nullptr)
    return;
  auto& [database, known] = *found;
  if (event.events == 0)
    failed(database, unwatchable);
  else if (known.open->at == visit::stage::connecting)
    go_on(database, *known.open, known.open->link->advance());
  else
    receive(database, known);
}

void visitor_state::on_timer(uint64_t number) {
  if (auto* found = find(&visit::timer, number))
    silent(found->first, found->second);
  else
    on_farewell(number, false);
}

std::pair<const std::string, visitor_state::watched>*
visitor_state::find(counting_number visit::*which, uint64_t number) {
  for (auto& entry : databases_)
    if (entry.second.open != nullptr && ((*entry.second.open).*which).is(number))
      return &entry;
  return nullptr;
}

void visitor_state::watch(visit& open, interest what) {
  arguments_.context->sockets->watch(open.link->socket(), epoll_events(what), self_,
                                     open.watch.renew());
}

void visitor_state::arm(visit& open, caf::timespan delay) {
  self_->delayed_send(self_, delay, caf::timeout_atom_v, open.timer.renew());
}

} // namespace pgstatsmon
