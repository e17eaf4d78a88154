// What the console orders and asks, and what actors answer.
#pragma once

#include "messages/error.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// To the SCHEDULER: poll a backend now, paused or not. Answered when it has been polled;
/// ec::no_such_backend for a name that it does not know, ec::timeout when the poll was given up.
struct poll_order {
  std::string backend; ///< As in backend::name.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, poll_order& x) {
  return f(caf::meta::type_name("poll_order"), x.backend);
}

/// To the SCHEDULER: stop polling, until resume_order or until the time is over. Connections stay
/// unless they are to be closed, too; then they come back when polling does.
/// Answered with how many backends are concerned; ec::no_such_backend.
struct pause_order {
  std::string backend;   ///< Empty: all, also those that are yet to come.
  caf::timespan span{0}; ///< 0: until resume_order.
  bool disconnect = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pause_order& x) {
  return f(caf::meta::type_name("pause_order"), x.backend, x.span, x.disconnect);
}

/// To the SCHEDULER: poll again from the next tick on. Answered like pause_order.
struct resume_order {
  std::string backend; ///< Empty: all.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, resume_order& x) {
  return f(caf::meta::type_name("resume_order"), x.backend);
}

/// A backend and a time that belongs to it.
struct named_span {
  std::string name;
  caf::timespan span{0};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, named_span& x) {
  return f(caf::meta::type_name("named_span"), x.name, x.span);
}

/// A tick, a turn of the interval in which each backend falls due once.
struct tick_status {
  uint64_t number = 0;
  caf::timespan age{0};  ///< Since it began.
  caf::timespan busy{0}; ///< Of it, the time in which a backend was in flight or waited.
  bool over = false;
  uint64_t due = 0;     ///< Backends that fell due.
  uint64_t skipped = 0; ///< ... of these, those whose last poll was not over.
  uint64_t paused = 0;  ///< Backends that are paused.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tick_status& x) {
  return f(caf::meta::type_name("tick_status"), x.number, x.age, x.busy, x.over, x.due, x.skipped,
           x.paused);
}

/// What the SCHEDULER does.
struct scheduler_status {
  uint64_t backends = 0;
  uint64_t slots = 0;                ///< max_in_flight.
  caf::timespan interval{0};         ///< In force, with `stretch`.
  double stretch = 1;                ///< By how much it is longer, as the slots do not suffice.
  caf::timespan next_tick{0};        ///< From now.
  std::vector<named_span> in_flight; ///< With their ages; oldest first.
  uint64_t waiting = 0;              ///< Backends that wait for a slot.
  uint64_t suspects = 0;          ///< ... of these, behind the others, as they were silent or gone.
  bool all_paused = false;        ///< Also backends that are yet to come.
  std::vector<named_span> paused; ///< With the time that is left; 0: until resumed.
  std::vector<std::string> disconnected; ///< Those of the paused that have no session, by order.
  std::vector<tick_status> ticks;        ///< The newest ones, newest first.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, scheduler_status& x) {
  return f(caf::meta::type_name("scheduler_status"), x.backends, x.slots, x.interval, x.stretch,
           x.next_tick, x.in_flight, x.waiting, x.suspects, x.all_paused, x.paused, x.disconnected,
           x.ticks);
}

/// What DISCOVERY knows of one source.
struct source_status {
  std::string name;
  std::string kind;    ///< `static`, `vmapi`, `file`, `http_sd` or `dns`.
  bool running = true; ///< False while it waits for its restart.
  bool told = false;   ///< It gave a list.
  uint64_t backends = 0;
  double last_success = 0;       ///< Unix time of its last good answer, s; 0: none.
  caf::timespan last_change{-1}; ///< Since its list changed; negative: never.
  uint64_t added = 0;
  uint64_t removed = 0;
  uint64_t failures = 0;
  uint64_t rejections = 0;
  bool from_state = false;           ///< The list is the one that state_dir kept.
  bool doubted = false;              ///< The newest list waits for its second look.
  std::string problem;               ///< Why the newest attempt failed; empty: it did not.
  std::vector<std::string> rejected; ///< What its newest list had and is not watched, and why.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, source_status& x) {
  return f(caf::meta::type_name("source_status"), x.name, x.kind, x.running, x.told, x.backends,
           x.last_success, x.last_change, x.added, x.removed, x.failures, x.rejections,
           x.from_state, x.doubted, x.problem, x.rejected);
}

/// What DISCOVERY does: every source, in the configuration's order.
struct discovery_status {
  std::vector<source_status> sources;
  uint64_t shard = 0;   ///< The one that this daemon watches.
  uint64_t shards = 1;  ///< Daemons that share the fleet.
  uint64_t fleet = 0;   ///< Backends of all shards.
  uint64_t watched = 0; ///< Of this one.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, discovery_status& x) {
  return f(caf::meta::type_name("discovery_status"), x.sources, x.shard, x.shards, x.fleet,
           x.watched);
}

} // namespace pgstatsmon
