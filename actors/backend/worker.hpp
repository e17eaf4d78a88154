// The WORKER: what may block, out of the way of everyone else.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/observed.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

namespace pgstatsmon {

/// What the WORKER's threads do. An argument, so that tests need no name service.
struct worker_tasks {
  /// May block for as long as the name service, or who writes into a FIFO, takes.
  std::function<caf::expected<lookup_result>(const lookup&)> look_up;
  /// May block for as long as a server that accepts connections says nothing: libpq 15 has no time
  /// limit for that.
  std::function<void(const cancel_request&)> cancel;
};

/// getaddrinfo, a file read, PQcancel.
worker_tasks system_tasks();

/// Its threads are nobody's: neither getaddrinfo nor PQcancel can be ended, and the daemon's end
/// does not wait for those that are stuck. What a thread uses is its own; it leaves word only while
/// the WORKER lives.
struct worker_state {
  static constexpr const char* name = "worker";

  /// Threads at once for lookups, and as many for cancel requests: those may be stuck, and lookups
  /// go on all the same.
  static constexpr size_t max_running = 16;

  /// Tasks that wait. Each backend has one lookup and one cancel request under way at most, so
  /// this is reached only when the name service is down for a fleet; more are refused.
  static constexpr size_t max_waiting = 20'000;

  explicit worker_state(worker_actor::pointer self);
  ~worker_state();
  worker_state(const worker_state&) = delete;
  worker_state& operator=(const worker_state&) = delete;

  caf::result<lookup_result> look_up(const lookup& wanted);
  void cancel(const cancel_request& request);

  /// The thread with this number has done its task.
  void done(uint64_t number);

  worker_tasks tasks;

private:
  struct task {
    std::function<void()> work; ///< In a thread of its own; owns what it uses.
    std::function<void()> done; ///< Then here; also when there was no thread to be had.
  };

  /// Tasks of one kind.
  struct lane {
    size_t running = 0;
    std::deque<task> waiting;
  };

  /// A task that a thread works on.
  struct running_task {
    lane* of = nullptr;
    std::function<void()> done;
  };

  struct doorbell; // where threads leave word

  void enqueue(lane& where, task job);
  void start_next(lane& where);
  void start(lane& where, task job);

  worker_actor::pointer self_;
  std::shared_ptr<doorbell> bell_;
  lane lookups_;
  lane cancels_;
  std::unordered_map<uint64_t, running_task> running_; ///< By the thread's number.
  uint64_t last_number_ = 0;
};

worker_actor::behavior_type worker(observed_ptr<worker_actor, worker_state> self,
                                   worker_tasks tasks);

} // namespace pgstatsmon
