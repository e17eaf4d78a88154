// A REACTOR: a thread that waits for sockets and timers, and runs the actors that they concern.
#pragma once

#include "actors/reactor/socket_watcher.hpp"
#include "actors/reactor/timers.hpp"

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace pgstatsmon {

/// What a socket says runs its actor, and what that one messages, on the same thread: a poll needs
/// no other one to wake up.
class reactor final : public caf::execution_unit {
public:
  /// Throws std::system_error when the system has no epoll or eventfd left.
  explicit reactor(caf::actor_system& system);
  ~reactor() override;

  reactor(reactor&&) = delete;
  reactor& operator=(reactor&&) = delete;

  /// Starts the thread.
  void start();

  /// Ends the thread, after the actor that it is running now. What is still to be run is cleaned
  /// up.
  void stop();

  /// The one whose thread this is; null in any other thread.
  static reactor* here() noexcept;

  /// Runs an actor soon. Any thread.
  void exec_later(caf::resumable* job) override;

  /// As socket_watcher has them.
  void watch(int socket, uint32_t events, socket_user user, uint64_t number);
  void forget(int socket);

  /// What it sends later. Call look_again() after a change from another thread.
  [[nodiscard]] timers& delayed() noexcept { return delayed_; }

  /// Makes it see a timer that another thread has set.
  void look_again();

private:
  using time_point = timers::time_point;

  /// What epoll knows of a socket, and who wants to know.
  struct watched {
    socket_user user;      ///< Null: has been told.
    uint64_t number = 0;   ///< Of the watch.
    uint32_t in_epoll = 0; ///< Events that epoll looks for; 0: it does not know the socket.
  };

  void run();
  void run_jobs();
  void wait_for_sockets();
  [[nodiscard]] int sleep_begins();
  void wake_up();
  void dispatch(int socket, uint32_t events);
  [[nodiscard]] bool look_for(int socket, watched& target, uint32_t events) const;

  int epoll_ = -1;
  int wake_ = -1;
  timers delayed_;
  std::deque<caf::resumable*> jobs_; ///< Of its own thread.

  std::mutex sockets_mutex_;
  std::unordered_map<int, watched> sockets_;

  std::mutex inbox_mutex_;
  std::vector<caf::resumable*> inbox_; ///< From other threads.
  bool asleep_ = false;                ///< It waits, and has not been woken up.
  bool ending_ = false;
  bool ended_ = false;
  time_point wakes_at_; ///< By itself, while asleep_.

  std::thread thread_;
};

} // namespace pgstatsmon
