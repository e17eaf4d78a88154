// The REACTOR: one thread that waits for every socket of every session.
#pragma once

#include "actors/backend/session.hpp"
#include "actors/interfaces.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace pgstatsmon {

/// Who wants to know when a socket is ready.
using socket_user = caf::typed_actor<caf::reacts_to<socket_ready>>;

/// Sockets that somebody waits for. An interface, so that tests need no socket.
class socket_watcher {
public:
  socket_watcher() = default;
  socket_watcher(const socket_watcher&) = delete;
  socket_watcher& operator=(const socket_watcher&) = delete;
  virtual ~socket_watcher() = default;

  /// Tells `user` once, with the number, when the socket has one of the events (EPOLLIN,
  /// EPOLLOUT; errors always), or no events when the system can't watch it. Replaces what was
  /// watched for on that socket. Never blocks.
  virtual void watch(int socket, uint32_t events, socket_user user, uint64_t number) = 0;

  /// Forgets a socket; call it before the socket is closed.
  virtual void forget(int socket) = 0;
};

/// The REACTOR. It is a thread and no actor: epoll takes changes from any thread, so a watch costs
/// one system call instead of a message, a wake-up and a system call.
class reactor final : public socket_watcher {
public:
  /// Starts the thread. Throws std::system_error when the system has no epoll or eventfd left.
  reactor();

  /// Ends the thread.
  ~reactor() override;

  void watch(int socket, uint32_t events, socket_user user, uint64_t number) override;
  void forget(int socket) override;

private:
  struct watched {
    socket_user user;
    uint64_t number = 0;
  };

  void run();
  void dispatch(int socket, uint32_t events);

  int epoll_ = -1;
  int wake_ = -1;
  std::mutex mutex_;
  std::unordered_map<int, watched> watched_;
  std::thread thread_;
};

/// The epoll events that a session's interest means.
uint32_t epoll_events(interest x) noexcept;

} // namespace pgstatsmon
