// The VISITOR's visits: connect, one flight, close.
#include "actors/backend/classify.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/lease.hpp"
#include "actors/backend/query.hpp"
#include "actors/backend/visitor.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// How long what was found about extensions, settings and rights is relied on.
constexpr auto facts_interval = std::chrono::seconds{50};

/// For a query whose result crossed a bound.
constexpr auto leave_out_for = std::chrono::minutes{10};

const session_error unwatchable{failure::other, {}, "the system can't watch one more socket"};

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
  x.number = fresh_number();
  x.began = now();
  if (!arguments_.context->gate) {
    look_up(database, x);
    return;
  }
  self_->request(arguments_.context->gate, caf::infinite, lease_request{arguments_.life, false})
    .then(
      [this, number = x.number](lease_granted& granted) {
        auto* found = find(&visit::number, number);
        if (found == nullptr)
          return;
        found->second.open->right = std::move(granted.value);
        look_up(found->first, *found->second.open);
      },
      [this, number = x.number](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {failure::descriptors, {}, sentence_of(error)});
      });
}

void visitor_state::look_up(const std::string& database, visit& x) {
  if (arguments_.options->password_file.empty()) {
    connect(database, x, {});
    return;
  }
  self_
    ->request(arguments_.context->worker, options().connect_timeout,
              lookup{{}, arguments_.options->password_file})
    .then(
      [this, number = x.number](const lookup_result& result) {
        if (auto* found = find(&visit::number, number))
          connect(found->first, *found->second.open, result.password);
      },
      [this, number = x.number](const caf::error& error) {
        if (auto* found = find(&visit::number, number))
          failed(found->first, {failure::other, {}, sentence_of(error)});
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
  if (progress.error) {
    failed(database, *progress.error);
    return;
  }
  if (!progress.connected) {
    watch(x, progress.wants);
    return;
  }
  if (x.right)
    x.right->connected();
  x.facts = x.link->facts();
  x.ground = options().guards ? footing::unknown : footing::shared;
  ask(database, databases_.at(database));
}

bool visitor_state::wants_facts(const watched& y) const {
  auto fresh = y.facts_asked && now() - *y.facts_asked < facts_interval;
  return !fresh && !y.what.facts_sql().empty();
}

flight_extras visitor_state::extras(const watched& y) const {
  auto result = extras_for(polling_limits(options()), y.open->facts, y.open->ground);
  if (wants_facts(y))
    result.facts = y.what.facts_sql();
  return result;
}

void visitor_state::ask(const std::string& database, watched& y) {
  auto& x = *y.open;
  x.at = visit::stage::asking;
  x.answers = x.good = 0;
  x.worst.reset();
  x.asked = x.last_byte = now();
  y.rows.begin();
  x.sent = make_flight(*arguments_.metrics->queries(), y.what.due(now(), interval()), extras(y),
                       y.what.facts(), x.prepared, x.ground == footing::own);
  arm(x, patience_for(x.sent.longest, options().query_timeout));
  if (auto error = x.link->send(x.sent.statements))
    failed(database, *error);
  else
    watch(x, x.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::receive(const std::string& database, watched& y) {
  auto& x = *y.open;
  x.last_byte = now();
  auto error = x.link->receive([&](statement_result result) { take(y, std::move(result)); });
  if (error && x.at == visit::stage::idle) {
    // A session that is ended while it idles is replaced by the next visit.
    close(y);
    show();
    return;
  }
  if (error) {
    const auto& steps = x.sent.steps;
    if (error->reason == failure::too_large && x.answers < steps.size()
        && steps[x.answers].what == purpose::query)
      y.what.leave_out(steps[x.answers].query, now() + leave_out_for);
    failed(database, *error);
    return;
  }
  if (x.at == visit::stage::asking && x.link->pending() == 0)
    answered(database, y);
  else
    watch(x, x.link->sending() ? interest::read_write : interest::read);
}

void visitor_state::take(watched& y, statement_result result) {
  auto& x = *y.open;
  if (result.index >= x.sent.steps.size())
    return;
  x.answers = result.index + 1;
  const auto& what = x.sent.steps[result.index];
  switch (what.what) {
  case purpose::guards:
    if (auto own = boolean(result.rows.get()))
      x.ground = *own ? footing::own : footing::shared;
    break;
  case purpose::facts:
    y.facts_asked = now();
    if (result.rows != nullptr)
      y.what.learn(found_facts{*result.rows});
    break;
  case purpose::query:
    if (result.prepared && x.sent.statements[result.index].prepare)
      x.prepared.add({what.query, what.variant});
    if (!result.error)
      result.error = too_many_rows(result.rows.get(), options().max_query_rows);
    take_query(y, what, result);
    break;
  default: break;
  }
}

void visitor_state::take_query(watched& y, const step& what, const statement_result& result) {
  auto& x = *y.open;
  auto& metrics = arguments_.metrics->query(what.query);
  y.what.answered(what.query, now(), !result.error);
  if (result.error) {
    auto& count = result.error->reason == failure::timeout ? metrics.timeouts : metrics.errors;
    count.fetch_add(1, std::memory_order_relaxed);
    if (may_come_from_preparing(result.error->sqlstate))
      x.prepared.give_up({what.query, what.variant});
    if (!x.worst) {
      x.worst = result.error;
      x.worst->message = fmt::format(
        "{}: {}", arguments_.metrics->queries()->queries()[what.query].name, x.worst->message);
    }
    return;
  }
  ++x.good;
  if (result.rows == nullptr)
    return;
  decode_report report;
  if (y.rows.take(what.query, *result.rows, *shapes_, now(), report))
    count_decoded(*arguments_.metrics, arguments_.target.name, what.query, report);
}

void visitor_state::answered(const std::string& database, watched& y) {
  auto& x = *y.open;
  x.timer = fresh_number();
  x.at = visit::stage::idle;
  auto block = y.rows.finish(y.what.kept(now(), interval()));
  y.shown.series = block->series();
  y.shown.last_success = arguments_.context->unix_time();
  self_->send(arguments_.registry, database_samples{arguments_.life, database, std::move(block)});
  y.shown.tried = y.shown.up = true;
  judge(database, y, x.worst);
  auto age = caf::timespan{options().max_age};
  x.last = x.last || (age.count() > 0 && now() - x.began >= age);
  end(database, visit_outcome::good);
  if (y.open != nullptr)
    watch(*y.open, interest::read);
  show();
  pump();
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
    failed(database, {failure::timeout, {}, "no connection within connect_timeout"});
    return;
  }
  caf::timespan limit = patience_for(x.sent.longest, options().query_timeout);
  auto whole = std::max(interval(), limit);
  auto silence = now() - x.last_byte;
  auto lasted = now() - x.asked;
  if (silence < limit && lasted < whole) {
    arm(x, std::min(limit - silence, whole - lasted));
    return;
  }
  if (auto request = x.link->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  failed(database, {failure::timeout, {}, "the server did not answer in time"});
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

std::pair<const std::string, visitor_state::watched>* visitor_state::find(uint64_t visit::*which,
                                                                          uint64_t number) {
  for (auto& x : databases_)
    if (x.second.open != nullptr && (*x.second.open).*which == number)
      return &x;
  return nullptr;
}

void visitor_state::watch(visit& x, interest what) {
  arguments_.context->sockets->watch(x.link->socket(), epoll_events(what), self_,
                                     x.watch = fresh_number());
}

void visitor_state::arm(visit& x, caf::timespan delay) {
  self_->delayed_send(self_, delay, caf::timeout_atom_v, x.timer = fresh_number());
}

} // namespace pgstatsmon
