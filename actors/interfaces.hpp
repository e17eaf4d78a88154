// The contract of every actor, in one place.
#pragma once

#include "messages/types.hpp"

#include <caf/io/system_messages.hpp>
#include <caf/typed_actor.hpp>

namespace pgstatsmon {

/// REGISTRY: the newest immutable block of each backend, for the page.
using registry_actor = caf::typed_actor<
  // A backend exists: its own metrics are on the page from now on. Or it is described otherwise,
  // and its data stay.
  caf::reacts_to<backend_known>,
  // A backend is gone: nothing of it is on the next page.
  caf::reacts_to<backend_forgotten>,
  // A poll brought a new block.
  caf::reacts_to<backend_samples>,
  // A visit brought a new block of one database, or ended its being watched.
  caf::reacts_to<database_samples>,
  // A new stale_after.
  caf::reacts_to<reconfigured>,
  // INTERNAL: looks for blocks that are stale, and at who is up.
  caf::reacts_to<caf::tick_atom>>;

/// GATE: lets backends connect, a few at a time and while descriptors last; sums up their log
/// lines.
using gate_actor = caf::typed_actor<
  // From a CONNECTION or SETUP: answered with a lease when its turn comes; ec::busy when every
  // descriptor is in use.
  caf::replies_to<lease_request>::with<lease_granted>,
  // From a lease: the attempt has succeeded, it is not needed any more.
  caf::reacts_to<lease_connected>, caf::reacts_to<lease_returned>,
  // A new limit of attempts at once.
  caf::reacts_to<reconfigured>,
  // INTERNAL: time has passed, so more may come in.
  caf::reacts_to<caf::tick_atom>>;

/// CONNECTION: one backend's session with its state machine and backoff.
using connection_actor = caf::typed_actor<
  // Polls the backend; answered when all is in, or at once when the backend is not READY.
  caf::replies_to<poll>::with<poll_report>,
  // The backend is gone: cancel what runs, close, end.
  caf::reacts_to<backend_removed>,
  // New time limits, passwords or parameters: it connects anew when it is idle.
  caf::reacts_to<reconfigured>, caf::reacts_to<backend_changed>,
  // From the SCHEDULER: let go of the server, or connect again.
  caf::reacts_to<session_order>,
  // From the REACTOR.
  caf::reacts_to<socket_ready>,
  // INTERNAL: a timer fired; the number tells stale ones apart.
  caf::reacts_to<caf::timeout_atom, uint64_t>,
  // INTERNAL: the session is old, or the one that is to replace it takes too long.
  caf::reacts_to<caf::tick_atom, uint64_t>>;

/// VISITOR: asks the other databases of one backend's server, one after the other.
using visitor_actor = caf::typed_actor<
  // From CONNECTION: the server is there, and has these databases.
  caf::reacts_to<server_seen>,
  // From CONNECTION: the server is gone, or to be let go of.
  caf::reacts_to<session_order>,
  // New time limits, passwords or parameters.
  caf::reacts_to<reconfigured>, caf::reacts_to<backend_changed>,
  // From the REACTOR.
  caf::reacts_to<socket_ready>,
  // INTERNAL: a visit's timer fired; the number tells stale ones apart.
  caf::reacts_to<caf::timeout_atom, uint64_t>,
  // INTERNAL: a visit is due; the number as above.
  caf::reacts_to<caf::tick_atom, uint64_t>>;

/// WORKER: does what may block, each time in a thread of its own, sixteen of each kind at once at
/// most.
using worker_actor = caf::typed_actor<
  // Resolves a host name and reads a password file.
  caf::replies_to<lookup>::with<lookup_result>,
  // Asks a server to cancel what it is doing for us.
  caf::reacts_to<cancel_request>,
  // INTERNAL: the thread with this number has done its task.
  caf::reacts_to<caf::ok_atom, uint64_t>>;

/// SETUP: makes the role and its rights on one primary, then ends.
using setup_actor = caf::typed_actor<
  // Answered when all is in place, or with what stands in the way.
  caf::replies_to<caf::get_atom>::with<caf::ok_atom>,
  // From the REACTOR.
  caf::reacts_to<socket_ready>,
  // INTERNAL: it took too long.
  caf::reacts_to<caf::timeout_atom>>;

/// SCHEDULER: when each backend is polled, never more than `max_in_flight` at once.
using scheduler_actor = caf::typed_actor<
  // A backend to be polled from now on.
  caf::reacts_to<backend_added>,
  // A backend no longer to be polled; its actors end.
  caf::reacts_to<backend_removed>,
  // A backend that goes on, described otherwise.
  caf::reacts_to<backend_changed>,
  // From a CONNECTION: READY, so due at once.
  caf::reacts_to<backend_ready>,
  // From DISCOVERY, once: the backends of a first list were added.
  caf::reacts_to<caf::open_atom>,
  // A new interval, limit or catalogue; goes on to every CONNECTION.
  caf::reacts_to<reconfigured>,
  // From the CONSOLE or the DESK: poll a backend now.
  caf::replies_to<poll_order>::with<poll_report>,
  // From them: no polls for a while; how many backends that concerns.
  caf::replies_to<pause_order>::with<uint64_t>,
  // From them: polls again; how many backends that concerns.
  caf::replies_to<resume_order>::with<uint64_t>,
  // From them: what is in flight, what waits, the last ticks.
  caf::replies_to<caf::get_atom>::with<scheduler_status>,
  // INTERNAL: a heartbeat is due.
  caf::reacts_to<caf::ping_atom>,
  // INTERNAL: an interval is over; the number tells ticks of an old one apart.
  caf::reacts_to<caf::tick_atom, uint64_t>,
  // INTERNAL: backends fall due; the number tells stale timers apart.
  caf::reacts_to<caf::pending_atom, uint64_t>,
  // INTERNAL: the actors of a backend that died are started again.
  caf::reacts_to<caf::reset_atom, incarnation>,
  // The daemon ends: no more polls. Answered when every backend's actors have ended.
  caf::replies_to<caf::close_atom>::with<caf::ok_atom>,
  // INTERNAL: polls had their time to end.
  caf::reacts_to<caf::timeout_atom>>;

/// FLEET: joins what the backends' servers say of their places in clusters.
using fleet_actor = caf::typed_actor<
  // A new interval, and new limits of age.
  caf::reacts_to<reconfigured>,
  // INTERNAL: looks for new reports.
  caf::reacts_to<caf::tick_atom>>;

/// Who hears from DISCOVERY what exists: the SCHEDULER, or CLUSTER before it.
using backend_listener_actor = caf::typed_actor<
  // A backend exists, is gone, or goes on, described otherwise.
  caf::reacts_to<backend_added>, caf::reacts_to<backend_removed>, caf::reacts_to<backend_changed>,
  // Once: the backends of a first list were added.
  caf::reacts_to<caf::open_atom>>;

/// CLUSTER: of the backends that exist, those that this daemon is to watch and no other.
using cluster_actor = backend_listener_actor::extend<
  // Another catalogue, or other labels: the others are told.
  caf::reacts_to<reconfigured>,
  // A backend's session has ended.
  caf::reacts_to<session_over>,
  // From the engine: what it has may have changed.
  caf::reacts_to<caf::update_atom>,
  // INTERNAL: asks the engine, and looks at the time.
  caf::reacts_to<caf::tick_atom>,
  // The daemon ends: hands over what it has. Answered when others may take it, after ten seconds at
  // most.
  caf::replies_to<caf::close_atom>::with<caf::ok_atom>,
  // INTERNAL: that time is over.
  caf::reacts_to<caf::timeout_atom>>;

/// DISCOVERY: what the sources believe exists becomes additions and removals for the SCHEDULER.
using discovery_actor = caf::typed_actor<
  // From a source, by name: the whole list it believes in.
  caf::reacts_to<std::string, backend_list>,
  // Sources come, change and go as the new configuration says.
  caf::reacts_to<reconfigured>,
  // From the CONSOLE: how the sources are.
  caf::replies_to<caf::get_atom>::with<discovery_status>,
  // INTERNAL: a source that died is started again.
  caf::reacts_to<caf::reset_atom, std::string>>;

/// A SOURCE of DISCOVERY (VMAPI, file, http_sd, DNS): tells DISCOVERY its list.
using source_actor = caf::typed_actor<
  // Asks now, whatever the poll interval.
  caf::reacts_to<caf::tick_atom>,
  // INTERNAL: a timer fired; the number tells stale ones apart.
  caf::reacts_to<caf::timeout_atom, uint64_t>>;

/// DESK: does for the page's threads what they can't: waits for actors, and looks what changed.
using desk_actor = caf::typed_actor<
  // How the SCHEDULER is.
  caf::reacts_to<status_question>,
  // An order for the SCHEDULER.
  caf::reacts_to<order_question>,
  // INTERNAL: look what changed.
  caf::reacts_to<caf::tick_atom>>;

/// CONSOLE: a broker that answers lines from a Unix socket.
using console_actor = caf::typed_actor<
  // From the multiplexer: a session begins, has said something, has read something, may be read
  // from again, has ended; nobody can come any more.
  caf::reacts_to<caf::io::new_connection_msg>, caf::reacts_to<caf::io::new_data_msg>,
  caf::reacts_to<caf::io::data_transferred_msg>, caf::reacts_to<caf::io::connection_passivated_msg>,
  caf::reacts_to<caf::io::connection_closed_msg>, caf::reacts_to<caf::io::acceptor_closed_msg>,
  // The daemon ends: answered when nobody can come any more and every session is cut.
  caf::replies_to<caf::close_atom>::with<caf::ok_atom>,
  // INTERNAL: a step of that is done.
  caf::reacts_to<caf::flush_atom>,
  // INTERNAL: a session that watches looks again; the numbers are the session's and the watch's.
  caf::reacts_to<caf::tick_atom, uint64_t, uint64_t>>;

} // namespace pgstatsmon
