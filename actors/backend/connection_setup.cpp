// The CONNECTION's side of setup: when it is needed, and what its outcome means.
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/setup.hpp"

namespace pgstatsmon {

namespace {

namespace level = spdlog::level;

/// Longer than a SETUP ever takes by its own limits.
constexpr auto setup_limit = std::chrono::minutes{1};

} // namespace

bool connection_state::setup_may_help(const session_error& error) const {
  // A role that does not exist looks like a wrong password where the server asks for one. And an
  // earlier setup has given the role fewer sessions than it needs.
  auto curable = error.reason == failure::auth || error.reason == failure::role_limit;
  return state_ == backend_state::connecting && curable && !is_console()
         && arguments_.options->setup.enabled && !setup_running_ && now() >= setup_due_;
}

void connection_state::run_setup() {
  setup_running_ = true;
  arguments_.metrics->setup = setup_state::pending;
  auto actor =
    self_->spawn(setup, setup_arguments{arguments_.target, arguments_.options, arguments_.context,
                                        attempts_.current(), arguments_.life});
  self_->request(actor, setup_limit, caf::get_atom_v)
    .then([this](caf::ok_atom) { setup_done(); },
          [this](const caf::error& error) { setup_failed(error); });
}

// Whoever reads that setup is done, and then that the password is wrong, wants to know why.
std::string_view connection_state::setup_words() const {
  auto unable_to_log_in = setup_for_ && setup_for_->reason == failure::auth
                          && password_file_of(arguments_.target, *arguments_.options).empty();
  return unable_to_log_in ? "setup done; without password_file the role has no password, unless it "
                            "had one: ALTER ROLE ... PASSWORD"
                          : "setup done";
}

void connection_state::setup_done() {
  setup_running_ = false;
  // If it did not help, the next one has to wait.
  setup_due_ = now() + setup_backoff_.next(arguments_.context->chance());
  setup_complaint_.ended(now());
  standby_said_ = false;
  say(level::info, log_event::setup_done, "{}", setup_words());
  setup_for_.reset();
  if (state_ == backend_state::setup && !leaving_)
    connect();
}

void connection_state::setup_failed(const caf::error& error) {
  setup_running_ = false;
  arguments_.metrics->setup = error == ec::is_standby ? setup_state::standby : setup_state::failed;
  setup_due_ = now() + setup_backoff_.next(arguments_.context->chance());
  auto sentence = sentence_of(error);
  if (error != ec::is_standby) {
    session_error failed_for{.reason = failure::other, .message = sentence};
    complain(setup_complaint_,
             {"setup failed", log_event::setup_failing, log_event::setup_recovered}, failed_for);
    remember(failed_for, "setup");
  } else if (!std::exchange(standby_said_, true)) {
    say(level::info, log_event::setup_impossible, "not set up: {}", sentence);
  }
  if (state_ == backend_state::setup && !leaving_)
    failed(*std::exchange(setup_for_, std::nullopt));
}

void connection_state::judge_rights(std::optional<bool> found) {
  auto complete = found.value_or(false);
  auto& state = arguments_.metrics->setup;
  rights_complete_ = complete;
  if (!complete && state == setup_state::done) {
    rights_lost_ = true;
    say(level::warn, log_event::rights_lost,
        "the role has lost its rights: what it may not see is absent from the page");
  } else if (complete && std::exchange(rights_lost_, false)) {
    say(level::info, log_event::rights_back, "the role has its rights again");
  }
  if (complete) {
    lack_said_ = false;
    setup_backoff_.reset();
    state = setup_state::done;
  } else if (facts_.role == server_role::standby) {
    state = setup_state::standby;
  } else if (!arguments_.options->setup.enabled) {
    state = setup_state::disabled;
    if (found && !std::exchange(lack_said_, true))
      say(
        level::warn, log_event::rights_missing,
        "the role is no member of pg_monitor, and setup is disabled: what it may not see is absent "
        "from the page");
  } else if (!setup_running_ && now() >= setup_due_) {
    run_setup();
  } else if (state == setup_state::done) {
    state = setup_state::pending;
  }
}

} // namespace pgstatsmon
