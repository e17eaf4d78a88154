// The WORKER: what may block, out of the way of everyone else.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/observed.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <deque>
#include <functional>

namespace pgstatsmon {

/// What the WORKER's threads do. An argument, so that tests need no name service.
struct worker_tasks {
  /// May block for as long as the name service takes.
  std::function<caf::expected<lookup_result>(const lookup&)> look_up;
  /// May block for as long as a server that accepts connections says nothing: libpq 15 has no time
  /// limit for that.
  std::function<void(const cancel_request&)> cancel;
};

/// getaddrinfo, a file read, PQcancel.
worker_tasks system_tasks();

struct worker_state {
  static constexpr const char* name = "worker";

  /// Threads at once for lookups, and as many for cancel requests: those may be stuck, and lookups
  /// go on all the same.
  static constexpr size_t max_running = 16;

  /// Tasks that wait. Each backend has one lookup and one cancel request under way at most, so
  /// this is reached only when the name service is down for a fleet; more are refused.
  static constexpr size_t max_waiting = 20'000;

  explicit worker_state(worker_actor::pointer self) : self_{self} {}

  caf::result<lookup_result> look_up(const lookup& x);
  void cancel(const cancel_request& x);

  worker_tasks tasks;

private:
  /// Tasks of one kind.
  struct lane {
    size_t running = 0;
    std::deque<std::function<void()>> waiting;
  };

  static void enqueue(lane& to, std::function<void()> start);
  static void start_next(lane& x);
  static void finished(lane& x);

  worker_actor::pointer self_;
  lane lookups_;
  lane cancels_;
};

worker_actor::behavior_type worker(observed_ptr<worker_actor, worker_state> self,
                                   worker_tasks tasks);

} // namespace pgstatsmon
