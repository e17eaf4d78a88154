// The events that the log tells of, by the names that programs see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgstatsmon {

/// What a line of the log is about: `event` in JSON. Lines of level info and above have one. The
/// names are a contract: whoever reads the log by program relies on them.
enum class log_event : uint8_t {
  none, ///< A line for people who look for a fault of ours: debug and trace.

  // -- the daemon ---------------------------------------------------------------------------------
  serving,
  start_failed,
  ending,
  end_forced,
  configuration_warning,
  configuration_read,
  configuration_refused,
  restart_needed,
  page_exposed,
  web_config_read,
  web_config_refused,
  web_config_warning,
  tls_switched,
  console_missing,
  log_level_set,
  order_given,
  order_refused,
  intervals_stretched,
  intervals_back,
  events_failing,
  events_recovered,
  internal_error,

  // -- discovery ----------------------------------------------------------------------------------
  backend_added,
  backend_changed,
  backend_removed,
  source_failing,
  source_recovered,
  source_doubted,
  source_believed,
  source_from_state,
  source_not_kept,
  source_crashed,
  target_rejected,
  name_taken,

  // -- daemons that share a fleet -----------------------------------------------------------------
  member_came,
  member_gone,
  member_refused,
  members_differ,
  members_agree,
  engine_failing,
  engine_recovered,
  lease_doubtful,
  lease_certain,
  slots_moved,
  slots_lost,
  slots_stuck,
  slots_from_state,
  slots_not_kept,
  slots_handed_over,

  // -- a backend ----------------------------------------------------------------------------------
  backend_connected,
  backend_promoted,
  backend_demoted,
  backend_upgraded,
  setting_changed,
  setting_pending,
  blocking,
  blocking_over,
  long_transaction,
  long_transaction_over,
  backend_failing,
  backend_still_failing,
  backend_recovered,
  backend_crashed,
  backends_alike,
  session_replaced,
  pooler_found,
  options_refused,
  passfile_refused,
  descriptors_short,
  descriptors_back,
  paused,
  resumed,
  setup_done,
  setup_failing,
  setup_recovered,
  setup_impossible,
  rights_missing,
  rights_lost,
  rights_back,
  check_failing,
  check_recovered,
  database_failing,
  database_recovered,

  // -- a query ------------------------------------------------------------------------------------
  query_failing,
  query_recovered,
  query_too_large,
  query_mismatch,
  row_seen,
  row_added,
  row_changed,
  row_removed,
  rows_untold,
};

/// An event, its name and what it means.
struct log_event_text {
  log_event event = log_event::none;
  std::string_view name{};
  std::string_view meaning{}; ///< For the manual: a sentence without a dot.
};

/// Every event but `none`, in the order of the enumeration.
constexpr std::array<log_event_text, 92> all_log_events{{
  {log_event::serving, "serving", "the page is served, and where"},
  {log_event::start_failed, "start_failed", "the daemon could not start"},
  {log_event::ending, "ending", "a signal asked the daemon to end"},
  {log_event::end_forced, "end_forced", "not every backend ended in time"},
  {log_event::configuration_warning, "configuration_warning",
   "the configuration is right but surprising"},
  {log_event::configuration_read, "configuration_read",
   "SIGHUP: the new configuration is followed"},
  {log_event::configuration_refused, "configuration_refused",
   "SIGHUP: the new configuration is wrong, a line for each fault; the old one stays"},
  {log_event::restart_needed, "restart_needed",
   "an option differs from what is in force, and only a restart changes that"},
  {log_event::page_exposed, "page_exposed",
   "other machines reach the page without TLS, or without a proof of who they are"},
  {log_event::web_config_read, "web_config_read", "the file of web.config changed and is followed"},
  {log_event::web_config_refused, "web_config_refused",
   "the file of web.config changed and is wrong; what it said before stays"},
  {log_event::web_config_warning, "web_config_warning",
   "the file of web.config is right but surprising"},
  {log_event::tls_switched, "tls_switched", "TLS of the page is on or off from now on"},
  {log_event::console_missing, "console_missing", "there is no socket for consoles"},
  {log_event::log_level_set, "log_level_set", "a console has changed the log level"},
  {log_event::order_given, "order_given", "somebody gives an order on the page"},
  {log_event::order_refused, "order_refused", "such an order is refused, and why"},
  {log_event::intervals_stretched, "intervals_stretched",
   "the slots do not suffice, so every backend is polled less often"},
  {log_event::intervals_back, "intervals_back", "each is polled as often as it should be again"},
  {log_event::events_failing, "events_failing", "events can't be written to events.file, and why"},
  {log_event::events_recovered, "events_recovered", "they can be again; how many were dropped"},
  {log_event::internal_error, "internal_error", "something failed that should not"},
  {log_event::backend_added, "backend_added", "a backend is watched from now on"},
  {log_event::backend_changed, "backend_changed",
   "what a source says of a backend changed, and what that costs"},
  {log_event::backend_removed, "backend_removed", "a backend is watched no longer, and why"},
  {log_event::source_failing, "source_failing", "a source gives no list; its last one stays"},
  {log_event::source_recovered, "source_recovered", "it gives lists again"},
  {log_event::source_doubted, "source_doubted", "its list shrank so much that it is asked again"},
  {log_event::source_believed, "source_believed", "such a list was confirmed"},
  {log_event::source_from_state, "source_from_state", "a list from before the start is used"},
  {log_event::source_not_kept, "source_not_kept", "state_dir can't be written or read"},
  {log_event::source_crashed, "source_crashed", "a source ended of a fault of ours"},
  {log_event::target_rejected, "target_rejected", "something that a source lists is not watched"},
  {log_event::name_taken, "name_taken", "a name, or a whole backend, is listed twice"},
  {log_event::member_came, "member_came", "another daemon shares the fleet from now on"},
  {log_event::member_gone, "member_gone", "one has left, or its lease has ended"},
  {log_event::member_refused, "member_refused",
   "this daemon may take no part in the fleet, and why"},
  {log_event::members_differ, "members_differ",
   "daemons that share the fleet are configured differently"},
  {log_event::members_agree, "members_agree", "they are configured alike again"},
  {log_event::engine_failing, "engine_failing",
   "what keeps the leases does not answer; every daemon goes on with what it has"},
  {log_event::engine_recovered, "engine_recovered", "it answers again"},
  {log_event::lease_doubtful, "lease_doubtful",
   "the lease may have ended, so others may poll what this daemon polls"},
  {log_event::lease_certain, "lease_certain", "it is held again"},
  {log_event::slots_moved, "slots_moved", "parts of the fleet came or went"},
  {log_event::slots_lost, "slots_lost", "parts that were ours turned out to be others'"},
  {log_event::slots_stuck, "slots_stuck",
   "parts were given away though their last polls did not end"},
  {log_event::slots_from_state, "slots_from_state",
   "the parts of before the start are polled, as nothing keeps leases"},
  {log_event::slots_not_kept, "slots_not_kept", "they can't be written to state_dir, or read"},
  {log_event::slots_handed_over, "slots_handed_over", "at the end: what others have now"},
  {log_event::backend_connected, "backend_connected", "the first session with a server"},
  {log_event::backend_promoted, "backend_promoted", "a standby is a primary now"},
  {log_event::backend_demoted, "backend_demoted", "a primary is a standby now"},
  {log_event::backend_upgraded, "backend_upgraded", "the server has another version"},
  {log_event::setting_changed, "setting_changed", "a setting of the server has another value"},
  {log_event::setting_pending, "setting_pending",
   "a setting was changed in the server's files and waits for a restart"},
  {log_event::blocking, "blocking",
   "a session waits for a lock for as long as events.blocked_for, and who is in its way"},
  {log_event::blocking_over, "blocking_over", "none does any more"},
  {log_event::long_transaction, "long_transaction",
   "a transaction is open for as long as events.transaction_for"},
  {log_event::long_transaction_over, "long_transaction_over", "it is not any more"},
  {log_event::backend_failing, "backend_failing", "a failure begins, or is another one now"},
  {log_event::backend_still_failing, "backend_still_failing",
   "connections.connect_retries failures in a row, and every ten minutes after that"},
  {log_event::backend_recovered, "backend_recovered", "a poll was answered again"},
  {log_event::backend_crashed, "backend_crashed", "its actors ended of a fault of ours"},
  {log_event::backends_alike, "backends_alike", "what many backends had to say, in one line"},
  {log_event::session_replaced, "session_replaced",
   "an idle session was ended by the other side; no failure"},
  {log_event::pooler_found, "pooler_found", "a pooler stands in between"},
  {log_event::options_refused, "options_refused", "the server takes no startup options"},
  {log_event::passfile_refused, "passfile_refused", "libpq's password file is not used"},
  {log_event::descriptors_short, "descriptors_short", "backends have no session for want of files"},
  {log_event::descriptors_back, "descriptors_back", "every backend has a descriptor again"},
  {log_event::paused, "paused", "a console has paused polls"},
  {log_event::resumed, "resumed", "a console has ended that"},
  {log_event::setup_done, "setup_done", "the role and its rights were made"},
  {log_event::setup_failing, "setup_failing", "they could not be made; polls go on"},
  {log_event::setup_recovered, "setup_recovered", "setup works again"},
  {log_event::setup_impossible, "setup_impossible", "only the primary can be set up"},
  {log_event::rights_missing, "rights_missing",
   "the role lacks pg_monitor, and setup is disabled: values are absent"},
  {log_event::rights_lost, "rights_lost", "the role has lost its rights"},
  {log_event::rights_back, "rights_back", "it has them again"},
  {log_event::check_failing, "check_failing",
   "what we look up about a server ourselves fails, or the renewal of a session"},
  {log_event::check_recovered, "check_recovered", "it works again"},
  {log_event::database_failing, "database_failing", "a database can't be visited"},
  {log_event::database_recovered, "database_recovered", "it can be again"},
  {log_event::query_failing, "query_failing", "a query fails, or fails for another reason"},
  {log_event::query_recovered, "query_recovered", "it works again"},
  {log_event::query_too_large, "query_too_large",
   "its result is too large, so it is left out a while"},
  {log_event::query_mismatch, "query_mismatch", "its result has other columns than it declares"},
  {log_event::row_seen, "row_seen", "a query that tells events has a row"},
  {log_event::row_added, "row_added", "such a query has a row that was not there before"},
  {log_event::row_changed, "row_changed", "a row of such a query is another one now"},
  {log_event::row_removed, "row_removed", "a row of such a query is there no more"},
  {log_event::rows_untold, "rows_untold",
   "such a query had more to tell at once than is told, and how much"},
}};

/// Whether the table above has every event at its place.
constexpr bool log_events_are_in_order() {
  for (size_t i = 0; i < all_log_events.size(); ++i)
    if (static_cast<size_t>(all_log_events[i].event) != i + 1)
      return false;
  return static_cast<size_t>(log_event::rows_untold) == all_log_events.size();
}
static_assert(log_events_are_in_order());

/// The name of an event; empty of `none`.
constexpr std::string_view to_string_view(log_event x) noexcept {
  return x == log_event::none ? std::string_view{}
                              : all_log_events[static_cast<size_t>(x) - 1].name;
}

} // namespace pgstatsmon
