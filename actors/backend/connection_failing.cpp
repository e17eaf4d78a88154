// The CONNECTION fails: what follows from it, and what of it is said.
#include "actors/backend/classify.hpp"
#include "actors/backend/connection.hpp"

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
    say(level::info, "{}: connecting without startup options", error.message);
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
  auto idle = !poll_ || !poll_->progress.answered();
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

void connection_state::judge(complaint& about, std::string_view subject,
                             const std::optional<session_error>& error) {
  if (error)
    complain(about, subject, *error);
  else
    settle(about, subject);
}

} // namespace pgstatsmon
