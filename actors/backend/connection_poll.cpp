// The CONNECTION's polls: one flight there, one back.
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/registry/row_texts.hpp"
#include "actors/seconds.hpp"
#include "config/text.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

double milliseconds_of(caf::timespan x) {
  return static_cast<double>(x.count()) / 1e6;
}

void add_one(std::atomic<uint64_t>& x) {
  x.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

caf::timespan connection_state::interval() const {
  return std::max<caf::timespan>(interval_, arguments_.options->interval);
}

caf::result<poll_report> connection_state::begin_poll(caf::timespan interval) {
  interval_ = interval;
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
  const auto& limits = *arguments_.options;
  update_agenda();
  metrics.planned = agenda_->planned(now());
  auto carried = extras();
  carried.texts = texts_wanted();
  carried.looks = looks_wanted();
  auto sent =
    make_flight(queries(), agenda_->due(now(), interval()), carried, agenda_->facts(), memory_);
  poll_progress progress{
    std::move(sent), {options().query_timeout, limits.interval, options().max_query_rows}, now()};
  results_->begin();
  poll_ = current_poll{.when = arguments_.context->unix_time(),
                       .progress = std::move(progress),
                       .promise = std::move(promise)};
  enter(backend_state::polling);
  trace::backend_start(arguments_.target.name);
  dispatch();
}

void connection_state::receive() {
  if (poll_)
    poll_->progress.heard(now());
  own_time_.resume();
  auto error = session_->receive([this](statement_result x) { take(std::move(x)); });
  own_time_.pause();
  if (error) {
    const auto* culprit = poll_ ? poll_->progress.broke_off(*error, *agenda_, now()) : nullptr;
    if (culprit != nullptr)
      leave_out(*culprit);
    lost(*error);
    return;
  }
  look_at_facts();
  if (poll_ && !leaving_ && send_skipped())
    return;
  if (poll_ && poll_->progress.complete()) {
    if (leaving_) {
      end();
      return;
    }
    end_poll(poll_->progress.worst(), true);
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

bool connection_state::send_skipped() {
  auto skipped = poll_->progress.skipped();
  if (!skipped)
    return false;
  auto carried = extras_for(polling_limits(options()), facts_, memory_.ground);
  carried.clocks = true;
  poll_->progress.go_on(make_flight(queries(), *skipped, carried, agenda_->facts(), memory_),
                        now());
  dispatch();
  return true;
}

void connection_state::dispatch() {
  own_time_.reset();
  arm(poll_->progress.deadline() - now());
  if (auto error = session_->send(poll_->progress.statements()))
    lost(*error);
  else
    watch(session_->sending() ? interest::read_write : interest::read);
}

void connection_state::take(statement_result result) {
  auto x = poll_->progress.take(std::move(result), *agenda_, memory_, now());
  const auto* rows = x.result.rows.get();
  const auto& error = x.result.error;
  switch (x.what.what) {
  case purpose::arrival:
    arguments_.metrics->round_trip = seconds_of(*x.took);
    if (error)
      say(level::debug, "{}", error->message);
    break;
  case purpose::guards:
    judge(guards_complaint_, {"the settings of the session"}, error);
    say_pooler();
    break;
  case purpose::role:
    judge(role_complaint_, {"the role check"}, error);
    if (auto standby = boolean(rows))
      asked_role_ = *standby ? server_role::standby : server_role::primary;
    break;
  case purpose::rights:
    judge(rights_complaint_, {"the rights check"}, error);
    rights_asked_ = now();
    judge_rights(boolean(rows));
    break;
  case purpose::facts:
    judge(facts_complaint_, {"the check of extensions and settings"}, error);
    facts_came(rows);
    break;
  case purpose::place: break; // of visits
  case purpose::cluster: cluster_told(x); break;
  case purpose::texts:
    judge(texts_complaint_, {"the reading of texts"}, error);
    if (rows != nullptr)
      arguments_.metrics->query(x.what.query).texts =
        take_texts(queries().queries()[x.what.query], *rows);
    break;
  case purpose::look:
    judge(looks_complaint_, {"the look at locks"}, error);
    if (rows != nullptr)
      take_look(x.what.at, *rows);
    break;
  case purpose::settings: settings_told(x); break;
  case purpose::clock:
    if (error)
      say(level::debug, "the server's clock: {}", error->message);
    if (rows != nullptr && x.what.timed)
      query_timed(x);
    break;
  case purpose::query:
    if (x.result.skipped)
      trace::query_end(traced(x.what));
    else if (x.lost_needs)
      say_outdated(x.what, *error);
    else if (error)
      query_failed(x, *error);
    else
      query_answered(x);
  }
  auto ours = own_time_.lap();
  if (x.what.what == purpose::query && !x.result.skipped)
    agenda_->took_of_us(x.what.query, ours, now());
  trace_start();
}

void connection_state::query_answered(const taken_result& taken) {
  auto& metrics = arguments_.metrics->query(taken.what.query);
  metrics.last_success = arguments_.context->unix_time();
  if (auto i = query_complaints_.find(taken.what.query); i != query_complaints_.end())
    settle(i->second, query_subject(taken.what.query));
  if (!taken.what.timed)
    query_timed(taken);
  if (taken.result.rows == nullptr)
    return;
  const auto& definition = queries().queries()[taken.what.query];
  if (definition.events)
    tell_rows(row_events_, taken.what.query, definition,
              definition.scope == query_scope::database ? arguments_.target.database
                                                        : std::string_view{},
              *taken.result.rows);
  else
    results_->take(taken.what.query, *taken.result.rows, now());
}

void connection_state::query_timed(const taken_result& taken) {
  agenda_->took(taken.what.query, taken.took.value_or(taken.end - taken.start), now());
  if (taken.took)
    arguments_.metrics->answered(taken.what.query, milliseconds_of(*taken.took));
  trace::query_done(traced(taken.what), taken.result.rows.get(),
                    taken.took.value_or(taken.end - taken.start));
}

void connection_state::query_failed(const taken_result& taken, const session_error& error) {
  const auto& what = taken.what;
  agenda_->took(what.query, taken.end - taken.start, now());
  arguments_.metrics->query(what.query).count_failure(error.reason);
  trace::query_failed(traced(what), error.reason == failure::timeout, error.message);
  complain(query_complaints_[what.query], query_subject(what.query), error);
  remember(error, queries().queries()[what.query].name);
}

void connection_state::say_outdated(const step& what, const session_error& error) const {
  trace::query_failed(traced(what), false, error.message);
  say(level::debug, "{}: what it needs is there no more: {}", queries().queries()[what.query].name,
      error.message);
}

void connection_state::leave_out(const step& query) {
  plan_is_news_ = true;
  arguments_.metrics->query(query.query).count_failure(failure::too_large);
  const auto& called = queries().queries()[query.query].name;
  say(level::warn,
      log_fields{.event = log_event::query_too_large,
                 .query = called,
                 .reason = to_string_view(failure::too_large)},
      "{}: its result is too large, it is left out for {} min", called,
      agenda::leave_out_for.count());
}

void connection_state::end_poll(failure reason, bool publish) {
  if (!poll_)
    return;
  auto ended = std::exchange(poll_, std::nullopt);
  // The connection broke, or is given up.
  const auto& came = ended->progress;
  if (const auto* running = came.running())
    trace::query_failed(traced(*running), reason == failure::timeout,
                        std::string{to_string_view(reason)});
  if (ended->sample) {
    end_sample(*ended, reason, publish);
    return;
  }
  trace::backend_done(arguments_.target.name);
  auto& metrics = *arguments_.metrics;
  auto took = now() - came.began();
  if (publish) {
    auto made = results_->finish(agenda_->kept(now(), interval()), now(), took);
    follow_incidents(made.vitals);
    self_->send(arguments_.registry,
                backend_samples{arguments_.life, std::move(made.samples), made.vitals});
  } else {
    results_->begin();
  }
  metrics.history.set_last_poll(
    std::make_shared<const poll_trace>(came.trace(ended->when, reason, now())));
  ended->promise.deliver(
    poll_report{.reason = reason, .polled = true, .duration = took, .rows = came.rows()});
  if (!publish)
    return;
  proven_ = true;
  quiet_ = false;
  enter(backend_state::ready);
  timer_.expire();
  metrics.poll_seconds.observe(seconds_of(took));
  compare_clocks(*ended);
  metrics.count_failure(reason);
  metrics.last_failure = reason;
  // Nothing was due, or what was needed is gone: that is no failure.
  auto well = came.good() > 0 || came.worst() == failure::none;
  metrics.set_up(well, arguments_.context->unix_time());
  if (!well)
    return;
  metrics.last_success = arguments_.context->unix_time();
  reconnect_.reset();
  oversized_.reset();
  reconnect_slowly_.reset();
  if (auto past = outage_.ended(now()))
    say_one_of_many(level::info,
                    {.event = log_event::backend_recovered, .failures = past->failures},
                    "work again", "works again after {} in {} s",
                    counted(past->failures, "failure"), past->lasted.count());
}

void connection_state::poll_is_silent() {
  if (auto deadline = poll_->progress.deadline(); now() < deadline) {
    arm(deadline - now());
    return;
  }
  if (auto request = session_->cancellation())
    self_->send(arguments_.context->worker, cancel_request{std::move(request)});
  failed({.reason = failure::timeout, .message = "the server did not answer in time"});
}

} // namespace pgstatsmon
