// The CONNECTION's polls: one flight there, one back.
#include "actors/backend/classify.hpp"
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/database_list.hpp"
#include "actors/backend/setup_sql.hpp"
#include "actors/registry/families.hpp"

#include <libpq-fe.h>

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// How long the rights that were found are relied on.
constexpr auto rights_interval = std::chrono::seconds{45};

/// How long what was found about extensions, settings and rights is relied on; a poll's interval
/// less than a minute.
constexpr auto facts_interval = std::chrono::seconds{50};

/// For a query whose result crossed a bound.
constexpr auto leave_out_for = std::chrono::minutes{10};

double milliseconds_of(caf::timespan x) {
  return static_cast<double>(x.count()) / 1e6;
}
double seconds_of(caf::timespan x) {
  return static_cast<double>(x.count()) / 1e9;
}

void add_one(std::atomic<uint64_t>& x) {
  x.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

caf::result<poll_report> connection_state::begin_poll() {
  auto replaced =
    quiet_ && (state_ == backend_state::connecting || state_ == backend_state::disconnected);
  if (replaced && !held_)
    return hold_poll();
  auto& metrics = *arguments_.metrics;
  if (state_ != backend_state::ready) {
    // The first attempt of all is no failure yet.
    if (outage_.failures() > 0) {
      add_one(metrics.connect_errors);
      trace::connect_error(arguments_.target.name);
    }
    return poll_report{.reason = metrics.last_failure};
  }
  auto promise = self_->make_response_promise<poll_report>();
  send_poll(promise);
  return promise;
}

caf::result<poll_report> connection_state::hold_poll() {
  auto promise = self_->make_response_promise<poll_report>();
  held_ = promise;
  if (state_ == backend_state::disconnected)
    connect();
  return promise;
}

void connection_state::answer_held(failure reason) {
  if (held_)
    std::exchange(held_, std::nullopt)->deliver(poll_report{.reason = reason});
}

void connection_state::send_poll(caf::typed_response_promise<poll_report> promise) {
  auto& metrics = *arguments_.metrics;
  update_agenda();
  metrics.planned = agenda_->planned(now());
  auto& current = poll_.emplace();
  current.number = ++polls_;
  current.sent = make_flight(queries(), agenda_->due(now(), arguments_.options->interval), extras(),
                             agenda_->facts(), prepared_, footing_ == footing::own);
  current.began = current.last_result = current.last_byte = now();
  current.when = arguments_.context->unix_time();
  current.traces.reserve(metrics.planned);
  current.promise = std::move(promise);
  enter(backend_state::polling);
  trace::backend_start(arguments_.target.name);
  arm(patience());
  if (auto error = session_->send(current.sent.statements))
    lost(*error);
  else
    watch(session_->sending() ? interest::read_write : interest::read);
}

flight_extras connection_state::extras() const {
  auto result = extras_for(polling_limits(options()), facts_, footing_);
  // A pooler says what a server session of the past said.
  if (facts_.version < 140000 || footing_ != footing::own)
    result.role = "SELECT pg_catalog.pg_is_in_recovery()";
  if (!rights_complete_ || !rights_asked_ || now() - *rights_asked_ >= rights_interval)
    result.rights = rights_query(facts_.version);
  if (!facts_asked_ || now() - *facts_asked_ >= facts_interval)
    result.facts = facts_sql();
  return result;
}

caf::timespan connection_state::patience() const {
  // Of the query under way alone: a silent server is not waited for because another may take long.
  const auto* running = poll_->running;
  return patience_for(running == nullptr ? milliseconds{0}
                                         : queries().queries()[running->query].timeout,
                      options().query_timeout);
}

void connection_state::update_agenda() {
  agenda_->start(now(), arguments_.options->interval);
  if (agenda_->learn(facts_.version, facts_.role, rights_complete_))
    plan_is_news_ = true;
  if (!std::exchange(plan_is_news_, false))
    return;
  auto all = agenda_->explain(now());
  for (size_t i = 0; i < all->size(); ++i)
    arguments_.metrics->query(i).planned = (*all)[i].why.empty();
  arguments_.metrics->history.set_plan(std::move(all));
}

std::string connection_state::facts_sql() const {
  auto result = agenda_->facts_sql();
  if (arguments_.target.databases.on)
    result += (result.empty() ? "" : " UNION ALL ") + databases_query(facts_.version);
  return result;
}

void connection_state::learn_facts(const pg_result* rows) {
  facts_asked_ = now();
  plan_is_news_ = true; // what was left out for a while may be back
  if (rows == nullptr)
    return;
  agenda_->learn(found_facts{*rows});
  if (!arguments_.visitor)
    return;
  visiting_ = true;
  self_->send(arguments_.visitor,
              server_seen{attempts_.current(), facts_.version, facts_.role, takes_options_,
                          std::make_shared<const database_list>(parse_database_list(*rows))});
}

void connection_state::receive() {
  if (poll_) {
    poll_->last_byte = now();
    if (!poll_->first_byte)
      poll_->first_byte = poll_->last_byte;
  }
  auto error = session_->receive([this](statement_result x) { take(std::move(x)); });
  if (error) {
    if (error->reason == failure::too_large && poll_ && poll_->running != nullptr)
      leave_out(poll_->running->query);
    lost(*error);
    return;
  }
  look_at_facts();
  if (poll_ && session_->pending() == 0) {
    if (leaving_) {
      end();
      return;
    }
    end_poll(poll_->worst, true);
    if (outdated_ || !wanted_) {
      drop_session();
      connect();
      return;
    }
    if (successor_ready_) {
      swap_sessions();
      return;
    }
  }
  watch(session_->sending() ? interest::read_write : interest::read);
}

void connection_state::take(statement_result result) {
  poll_->answered = true;
  auto next = result.index + 1;
  const auto& what = poll_->sent.steps[result.index];
  auto began = std::exchange(poll_->last_result, now());
  auto took = poll_->last_result - began;
  auto first = std::exchange(poll_->first_byte, std::nullopt).value_or(poll_->last_result);
  if (what.what != purpose::query)
    judge_extra(what, result.error);
  switch (what.what) {
  case purpose::arrival:
    arguments_.metrics->round_trip = seconds_of(took);
    poll_->round_trip = took;
    break;
  case purpose::guards:
    if (auto own = boolean(result.rows.get()))
      learn_footing(*own);
    break;
  case purpose::role:
    if (auto standby = boolean(result.rows.get()))
      asked_role_ = *standby ? server_role::standby : server_role::primary;
    break;
  case purpose::rights:
    rights_asked_ = now();
    judge_rights(boolean(result.rows.get()).value_or(false));
    break;
  case purpose::facts: learn_facts(result.rows.get()); break;
  case purpose::query:
    poll_->traces.push_back(trace_of(what, result, {began, first, poll_->last_result}));
    take_query(what, std::move(result), took);
    break;
  }
  await(next);
}

void connection_state::judge_extra(const step& what, const std::optional<session_error>& error) {
  auto judge = [&](complaint& about, std::string_view subject) {
    if (error)
      complain(about, subject, *error);
    else
      settle(about, subject);
  };
  switch (what.what) {
  case purpose::role: judge(role_complaint_, "the role check"); break;
  case purpose::rights: judge(rights_complaint_, "the rights check"); break;
  case purpose::facts: judge(facts_complaint_, "the check of extensions and settings"); break;
  case purpose::guards: judge(guards_complaint_, "the settings of the session"); break;
  default:
    if (error)
      say(level::debug, "{}", error->message);
  }
}

void connection_state::learn_footing(bool own) {
  footing_ = own ? footing::own : footing::shared;
  if (own || std::exchange(pooler_said_, true))
    return;
  say(level::info, "a pooler stands in between: settings go with each query, none is prepared");
}

void connection_state::take_query(const step& what, statement_result result, caf::timespan took) {
  if (result.prepared && poll_->sent.statements[result.index].prepare)
    prepared_.add({what.query, what.variant});
  if (result.error) {
    query_failed(what, *result.error);
    return;
  }
  if (auto error = too_many_rows(result.rows.get(), options().max_query_rows)) {
    query_failed(what, *error);
    return;
  }
  auto& metrics = arguments_.metrics->query(what.query);
  agenda_->answered(what.query, now(), true);
  metrics.last_success = arguments_.context->unix_time();
  metrics.time_ms.observe(milliseconds_of(took));
  ++poll_->good;
  settle(query_complaints_[what.query], queries().queries()[what.query].name);
  trace::query_done(traced(what), result.rows.get(), took);
  if (result.rows == nullptr)
    return;
  poll_->rows += static_cast<uint64_t>(PQntuples(result.rows.get()));
  self_->send(arguments_.query, query_result{poll_->number, what.query, std::move(result.rows)});
}

void connection_state::query_failed(const step& what, const session_error& error) {
  agenda_->answered(what.query, now(), false);
  const auto& definition = queries().queries()[what.query];
  auto& metrics = arguments_.metrics->query(what.query);
  auto& count = error.reason == failure::timeout ? metrics.timeouts : metrics.errors;
  add_one(count);
  trace::query_failed(traced(what), error.reason == failure::timeout, error.message);
  complain(query_complaints_[what.query], definition.name, error);
  remember(error, definition.name);
  if (poll_->worst != failure::timeout)
    poll_->worst = error.reason;
  if (may_come_from_preparing(error.sqlstate))
    prepared_.give_up({what.query, what.variant});
}

void connection_state::leave_out(size_t query) {
  agenda_->leave_out(query, now() + leave_out_for);
  plan_is_news_ = true;
  add_one(arguments_.metrics->query(query).errors);
  say(level::warn, "{}: its result is too large, it is left out for {} min",
      queries().queries()[query].name, leave_out_for.count());
}

void connection_state::look_at_facts() {
  auto said = session_->facts();
  if (said.role == server_role::unknown
      || (footing_ == footing::shared && asked_role_ != server_role::unknown))
    said.role = asked_role_;
  if (said == facts_)
    return;
  facts_ = said;
  rights_complete_ = false;
  auto& metrics = *arguments_.metrics;
  using seconds = std::chrono::duration<double>;
  metrics.certificate_end =
    said.certificate_end ? seconds{said.certificate_end->time_since_epoch()}.count() : 0;
  auto old_version = metrics.server_version.exchange(said.version);
  auto old_role = said.role == server_role::unknown ? said.role : metrics.role.exchange(said.role);
  // A reconnect that finds what it left is no news.
  if (old_version != said.version || old_role != said.role)
    say_one_of_many(level::info, "connected", "PostgreSQL {}, {}", version_text(said.version),
                    to_string_view(said.role));
}

void connection_state::end_poll(failure reason, bool publish) {
  if (!poll_)
    return;
  auto ended = std::exchange(poll_, std::nullopt);
  // The connection broke, or is given up.
  if (ended->running != nullptr)
    trace::query_failed(traced(*ended->running), reason == failure::timeout,
                        std::string{to_string_view(reason)});
  trace::backend_done(arguments_.target.name);
  auto& metrics = *arguments_.metrics;
  auto took = now() - ended->began;
  self_->send(arguments_.query, poll_finished{ended->number, publish,
                                              agenda_->kept(now(), arguments_.options->interval)});
  metrics.history.set_last_poll(make_trace(*ended, reason));
  ended->promise.deliver(
    poll_report{.reason = reason, .polled = true, .duration = took, .rows = ended->rows});
  if (!publish)
    return;
  proven_ = true;
  quiet_ = false;
  enter(backend_state::ready);
  timer_ = fresh_number();
  metrics.poll_seconds.observe(seconds_of(took));
  metrics.count_failure(reason);
  metrics.last_failure = reason;
  metrics.up = ended->good > 0;
  if (ended->good == 0)
    return;
  metrics.last_success = arguments_.context->unix_time();
  reconnect_.reset();
  oversized_.reset();
  reconnect_slowly_.reset();
  if (auto past = outage_.ended(now()))
    say_one_of_many(level::info, "work again", "works again after {} failures in {} s",
                    past->failures, past->lasted.count());
}

void connection_state::poll_is_silent() {
  auto limit = patience();
  auto whole = std::max(caf::timespan{arguments_.options->interval}, limit);
  auto silent = now() - poll_->last_byte;
  auto lasted = now() - poll_->began;
  if (silent < limit && lasted < whole) {
    arm(std::min(limit - silent, whole - lasted));
    return;
  }
  if (auto request = session_->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  failed({failure::timeout, {}, "the server did not answer in time"});
}

} // namespace pgstatsmon
