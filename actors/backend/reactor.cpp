// The REACTOR's thread.
#include "actors/backend/reactor.hpp"

#include <caf/send.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// What a failing epoll_wait(2), which nothing explains, may cost: ten calls a second.
constexpr std::chrono::milliseconds after_failure{100};

int checked(int result, const char* what) {
  if (result < 0)
    throw std::system_error{errno, std::generic_category(), what};
  return result;
}

} // namespace

reactor::reactor()
  : epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
    wake_{checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
  thread_ = std::thread{[this] { run(); }};
}

reactor::~reactor() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(wake_);
  close(epoll_);
}

void reactor::watch(int socket, uint32_t events, socket_user user, uint64_t number) {
  {
    std::lock_guard guard{mutex_};
    watched_[socket] = watched{std::move(user), number};
  }
  epoll_event event{};
  event.events = events | EPOLLRDHUP | EPOLLONESHOT;
  event.data.fd = socket;
  // A socket that was closed has left the set by itself, even if its number is in use again.
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) == 0
      || (errno == ENOENT && epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0))
    return;
  dispatch(socket, 0);
}

void reactor::forget(int socket) {
  {
    std::lock_guard guard{mutex_};
    watched_.erase(socket);
  }
  epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
}

void reactor::run() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    auto ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR)
      std::this_thread::sleep_for(after_failure);
    for (int i = 0; i < ready; ++i) {
      if (events[static_cast<size_t>(i)].data.fd == wake_)
        return;
      dispatch(events[static_cast<size_t>(i)].data.fd, events[static_cast<size_t>(i)].events);
    }
  }
}

void reactor::dispatch(int socket, uint32_t events) {
  watched target;
  {
    std::lock_guard guard{mutex_};
    auto i = watched_.find(socket);
    if (i == watched_.end())
      return;
    target = std::move(i->second);
    watched_.erase(i);
  }
  caf::anon_send(target.user, socket_ready{target.number, events});
}

uint32_t epoll_events(interest x) noexcept {
  switch (x) {
  case interest::read: return EPOLLIN;
  case interest::write: return EPOLLOUT;
  case interest::read_write: return EPOLLIN | EPOLLOUT;
  }
  return EPOLLIN;
}

} // namespace pgstatsmon
