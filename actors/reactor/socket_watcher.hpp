// Who waits for sockets: the REACTORs, or a test.
#pragma once

#include "messages/types.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <utility>

namespace pgstatsmon {

/// Who wants to know when a socket is ready.
using socket_user = caf::typed_actor<caf::reacts_to<socket_ready>>;

/// Sockets that somebody waits for. An interface, so that tests need no socket. Every function may
/// be called from any thread, and none blocks.
class socket_watcher {
public:
  socket_watcher() = default;
  socket_watcher(const socket_watcher&) = delete;
  socket_watcher& operator=(const socket_watcher&) = delete;
  virtual ~socket_watcher() = default;

  /// Tells `user` once, with the number, when the socket has one of the events (EPOLLIN,
  /// EPOLLOUT; errors always), or no events when the system can't watch it. Replaces what was
  /// watched for on that socket.
  virtual void watch(int socket, uint32_t events, socket_user user, uint64_t number) = 0;

  /// Forgets a socket; call it before the socket is closed.
  virtual void forget(int socket) = 0;

  /// watch() of a socket that a library may have closed since, and opened another one of its
  /// number.
  void watch_anew(int socket, uint32_t events, socket_user user, uint64_t number) {
    forget(socket);
    watch(socket, events, std::move(user), number);
  }
};

} // namespace pgstatsmon
