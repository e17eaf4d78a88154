// The CONNECTION connects: lease, name, password, and one address after the other.
#include "actors/backend/connection.hpp"
#include "actors/backend/conninfo.hpp"
#include "actors/backend/console_advice.hpp"
#include "actors/backend/lease.hpp"

namespace pgstatsmon {

namespace {

/// Failures in a row that make no suspect yet, whatever connect_retries says.
constexpr uint32_t fresh_failures = 3;

} // namespace

lookup connection_state::lookup_wanted() const {
  const auto& address = arguments_.target.address;
  return {needs_resolution(address) ? address : std::string{},
          password_file_of(arguments_.target, *arguments_.options)};
}

session_error connection_state::lookup_failure(const caf::error& error) {
  if (error == caf::sec::request_timeout)
    return {.reason = failure::dns, .message = "the name service did not answer in time"};
  return {.reason = error == ec::dns_failed ? failure::dns : failure::other,
          .message = sentence_of(error)};
}

connect_parameters
connection_state::parameters_for(const std::string& password,
                                 const std::vector<std::string>& addresses) const {
  return arguments_.context->passfile->checked(
    polling_parameters(arguments_.target, options(), {arguments_.target.user, password}, addresses,
                       {arguments_.metrics->server_version.load(), takes_options_}));
}

void connection_state::connect() {
  drop_successor();
  if (!wanted_) {
    let_go();
    return;
  }
  enter(backend_state::connecting);
  auto attempt = attempt_.renew();
  if (!arguments_.context->gate) {
    look_up();
    return;
  }
  timer_.expire(); // the deadline begins when it may connect
  auto suspect = outage_.failures() >= std::max(options().connect_retries, fresh_failures);
  self_
    ->request(arguments_.context->gate, caf::infinite,
              lease_request{.life = arguments_.life, .suspect = suspect})
    .then(
      [this, attempt](lease_granted& granted) {
        if (!attempt_.is(attempt))
          return;
        lease_ = std::move(granted.value);
        look_up();
      },
      [this, attempt](const caf::error& error) {
        if (attempt_.is(attempt))
          failed({.reason = failure::descriptors, .message = sentence_of(error)});
      });
}

void connection_state::look_up() {
  deadline_ = now() + options().connect_timeout;
  arm(options().connect_timeout);
  auto wanted = lookup_wanted();
  auto attempt = attempt_.value();
  if (wanted.host.empty() && wanted.password_file.empty()) {
    open({});
    return;
  }
  self_->request(arguments_.context->worker, options().connect_timeout, std::move(wanted))
    .then(
      [this, attempt](const lookup_result& found) {
        if (attempt_.is(attempt))
          open(found);
      },
      [this, attempt](const caf::error& error) {
        if (attempt_.is(attempt))
          failed(lookup_failure(error));
      });
}

void connection_state::open(const lookup_result& found) {
  outdated_ = false;
  password_ = found.password;
  attempts_.begin(found.addresses, deadline_);
  try_next_address();
}

std::unique_ptr<session> connection_state::make_session() const {
  const auto& context = *arguments_.context;
  auto result = is_console() ? context.consoles() : context.sessions();
  result->limit(bounds_of(options()));
  return result;
}

void connection_state::try_next_address() {
  auto attempt = attempts_.next(now());
  if (!attempt) {
    failed(attempts_.any_failed() ? attempts_.summary() : attempts_.silence());
    return;
  }
  arm(attempt->share);
  session_ = make_session();
  std::vector<std::string> addresses;
  if (!attempt->address.empty())
    addresses.push_back(attempt->address);
  go_on(session_->connect(parameters_for(password_, addresses)));
}

void connection_state::attempt_failed(const session_error& refusal) {
  auto error = explained(refusal, arguments_.target);
  attempts_.failed(error);
  close_session();
  if (attempts_.any_left() && address_attempts::another_may_help(error))
    try_next_address();
  else
    failed(attempts_.summary());
}

void connection_state::go_on(const connect_progress& progress) {
  if (const auto* error = std::get_if<session_error>(&progress)) {
    attempt_failed(*error);
  } else if (const auto* waits = std::get_if<connecting>(&progress)) {
    watch(waits->wants);
  } else {
    attempts_.worked();
    if (attempts_.any_failed())
      complain(silent_address_, {"connected to " + attempts_.current() + " after all"},
               attempts_.summary());
    connected();
  }
}

void connection_state::connected() {
  timer_.expire(); // the attempt's deadline
  password_.clear();
  if (auto error = wrong_kind(arguments_.target.kind, session_->facts())) {
    failed(*error);
    return;
  }
  if (lease_)
    lease_->connected();
  arguments_.metrics->connects.fetch_add(1, std::memory_order_relaxed);
  facts_ = {};
  // What is known of the server holds for a session that replaces another without an outage.
  auto rights = quiet_ && rights_complete_;
  if (!quiet_)
    asked_role_ = server_role::unknown;
  identity_ = nullptr;
  memory_ = {.ground = options().guards ? footing::unknown : footing::shared};
  look_at_facts();
  rights_complete_ = rights;
  rights_asked_.reset();
  agenda_->doubt_facts();
  proven_ = false;
  plan_renewal();
  enter(backend_state::ready);
  if (held_) {
    send_poll(*std::exchange(held_, std::nullopt));
    return;
  }
  watch(interest::read);
  // The poll after an idle loss is due when it would have been due anyway.
  if (!quiet_)
    self_->send(arguments_.scheduler, backend_ready{arguments_.life});
}

} // namespace pgstatsmon
