// The CONNECTION fails: what follows from it, and what of it is said.
#include "actors/backend/classify.hpp"
#include "actors/backend/connection.hpp"
#include "config/text.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

} // namespace

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
    say(level::info, log_event::options_refused, "{}: connecting without startup options",
        error.message);
    connect();
    return;
  }
  quiet_ = false;
  answer_held(error.reason);
  auto& metrics = *arguments_.metrics;
  metrics.set_up(false, arguments_.context->unix_time());
  if (setup_may_help(error)) {
    setup_for_ = error;
    run_setup();
    enter(backend_state::setup);
    return;
  }
  metrics.count_failure(error.reason);
  metrics.last_failure = error.reason;
  remember(error, "connection");
  say_failure(error);
  end_poll(error.reason, false);
  enter(backend_state::backoff);
  arm(waits_for(error.reason).next(arguments_.context->chance()));
}

void connection_state::say_failure(const session_error& error) {
  auto news = outage_.failed(error.reason, options().connect_retries, now());
  auto since = unix_time_of(outage_.began());
  auto reason = to_string_view(error.reason);
  log_fields fields{.event = log_event::backend_failing,
                    .reason = reason,
                    .sqlstate = error.sqlstate,
                    .failures = outage_.failures(),
                    .since = since};
  // The GATE sums up who has no descriptor.
  auto quiet = error.reason == failure::descriptors;
  switch (news) {
  case outage::news::failing:
    say_one_of_many(quiet ? level::debug : level::warn, fields, reason, "{}: {}", reason,
                    error.message);
    break;
  case outage::news::lasting:
  case outage::news::reminder:
    fields.event = log_event::backend_still_failing;
    say_one_of_many(quiet ? level::debug : level::err, fields,
                    fmt::format("{} again and again", reason), "{}, failing since {}, {}: {}",
                    reason, moment_text(since), counted(outage_.failures(), "time"), error.message);
    break;
  case outage::news::nothing: say(level::debug, "{}: {}", reason, error.message);
  }
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
  auto idle = !poll_ || !poll_->progress.answered();
  auto broke = error.reason == failure::network || error.reason == failure::ended;
  auto what = broke && !leaving_ ? remedy_for(
                {.idle = idle, .poll_waits = poll_.has_value(), .proven = proven_, .quiet = quiet_})
                                 : remedy::outage;
  if (what == remedy::outage) {
    failed(error);
    return;
  }
  if (auto times = idle_losses_.happened(now()))
    say(level::info,
        log_fields{.event = log_event::session_replaced,
                   .reason = to_string_view(error.reason),
                   .sqlstate = error.sqlstate},
        "the idle session was ended by the other side, another one replaces it{}: {}",
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

void connection_state::remember(const session_error& error, std::string what) {
  arguments_.metrics->history.add_error({arguments_.context->unix_time(), error.reason,
                                         error.sqlstate, std::move(what), error.message});
}

double connection_state::unix_time_of(time_point x) const {
  return arguments_.context->unix_time() - std::chrono::duration<double>(now() - x).count();
}

connection_state::complained connection_state::query_subject(size_t query) const {
  const auto& called = queries().queries()[query].name;
  return {called, log_event::query_failing, log_event::query_recovered, called};
}

void connection_state::complain(complaint& about, const complained& what,
                                const session_error& error) {
  auto said = error.sqlstate.empty() ? error.message : error.sqlstate + ' ' + error.message;
  auto news = about.failed(said, now());
  log_fields fields{.event = what.fails,
                    .query = what.query,
                    .reason = to_string_view(error.reason),
                    .sqlstate = error.sqlstate,
                    .failures = about.failures(),
                    .since = unix_time_of(about.began())};
  switch (news) {
  case complaint::news::begins: say(level::warn, fields, "{}: {}", what.text, said); break;
  case complaint::news::changes: say(level::warn, fields, "{}: now {}", what.text, said); break;
  case complaint::news::lasts:
    say(level::warn, fields, "{}: failing since {}, {}: {}", what.text, moment_text(fields.since),
        counted(about.failures(), "time"), said);
    break;
  case complaint::news::nothing: say(level::debug, "{}: {}", what.text, said);
  }
}

void connection_state::settle(complaint& about, const complained& what) {
  if (auto past = about.ended(now()))
    say(level::info,
        log_fields{.event = what.works, .query = what.query, .failures = past->failures},
        "{}: works again after {} in {} s", what.text, counted(past->failures, "failure"),
        past->lasted.count());
}

void connection_state::judge(complaint& about, const complained& what,
                             const std::optional<session_error>& error) {
  if (error)
    complain(about, what, *error);
  else
    settle(about, what);
}

} // namespace pgstatsmon
