// A REACTOR's thread.
#include "actors/reactor/reactor.hpp"

#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <system_error>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pgstatsmon {

namespace {

/// What a failing epoll_wait(2), which nothing explains, may cost: ten calls a second.
constexpr std::chrono::milliseconds after_failure{100};

/// Actors that run between two looks at sockets and timers.
constexpr size_t jobs_at_once = 256;

thread_local reactor* of_this_thread = nullptr;

int checked(int result, const char* what) {
  if (result < 0)
    throw std::system_error{errno, std::generic_category(), what};
  return result;
}

} // namespace

reactor::reactor(caf::actor_system& system)
  : caf::execution_unit{&system},
    epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
    wake_{checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
}

reactor::~reactor() {
  stop();
  close(wake_);
  close(epoll_);
}

void reactor::start() {
  thread_ = std::thread{[this] { run(); }};
}

void reactor::stop() {
  if (!thread_.joinable())
    return;
  {
    std::lock_guard guard{inbox_mutex_};
    ending_ = true;
    wake_up();
  }
  thread_.join();
  {
    std::lock_guard guard{inbox_mutex_};
    ended_ = true;
    jobs_.insert(jobs_.end(), inbox_.begin(), inbox_.end());
    inbox_.clear();
  }
  for (auto* job : jobs_)
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
  jobs_.clear();
  delayed_.cancel_all();
}

reactor* reactor::here() noexcept {
  return of_this_thread;
}

void reactor::exec_later(caf::resumable* job) {
  if (of_this_thread == this) {
    jobs_.push_back(job);
    return;
  }
  {
    std::lock_guard guard{inbox_mutex_};
    if (!ended_) {
      inbox_.push_back(job);
      wake_up();
      return;
    }
  }
  caf::scheduler::abstract_coordinator::cleanup_and_release(job);
}

void reactor::look_again() {
  if (of_this_thread == this)
    return;
  auto next = delayed_.next();
  std::lock_guard guard{inbox_mutex_};
  if (next && *next < wakes_at_)
    wake_up();
}

// Under inbox_mutex_.
void reactor::wake_up() {
  if (asleep_)
    eventfd_write(wake_, 1);
  asleep_ = false;
}

void reactor::watch(int socket, uint32_t events, socket_user user, uint64_t number) {
  {
    std::lock_guard guard{sockets_mutex_};
    auto& target = sockets_[socket];
    target.user = std::move(user);
    target.number = number;
    if (look_for(socket, target, events | EPOLLRDHUP))
      return;
  }
  dispatch(socket, 0);
}

bool reactor::look_for(int socket, watched& target, uint32_t events) const {
  if (target.in_epoll == events)
    return true;
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  auto known = target.in_epoll != 0;
  auto done = epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) == 0;
  target.in_epoll = done ? events : 0;
  return done;
}

void reactor::forget(int socket) {
  std::lock_guard guard{sockets_mutex_};
  if (sockets_.erase(socket) > 0)
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
}

void reactor::run() {
  CAF_SET_LOGGER_SYS(system_);
  pthread_setname_np(pthread_self(), "reactor");
  of_this_thread = this;
  system().thread_started();
  for (;;) {
    run_jobs();
    delayed_.send_due(std::chrono::steady_clock::now());
    wait_for_sockets();
    std::lock_guard guard{inbox_mutex_};
    if (ending_)
      break;
    jobs_.insert(jobs_.end(), inbox_.begin(), inbox_.end());
    inbox_.clear();
  }
  system().thread_terminates();
  of_this_thread = nullptr;
}

void reactor::run_jobs() {
  for (size_t i = 0; i < jobs_at_once && !jobs_.empty(); ++i) {
    auto* job = jobs_.front();
    jobs_.pop_front();
    switch (job->resume(this, std::numeric_limits<size_t>::max())) {
    case caf::resumable::resume_later: jobs_.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message:
    case caf::resumable::shutdown_execution_unit: caf::intrusive_ptr_release(job); break;
    }
  }
}

// How long it may sleep, ms, as epoll_wait(2) wants it: rounded up, so that a timer is not waited
// for in many calls. -1: for ever.
int reactor::sleep_begins() {
  using namespace std::chrono;
  if (!jobs_.empty())
    return 0;
  std::lock_guard guard{inbox_mutex_};
  if (!inbox_.empty() || ending_)
    return 0;
  auto next = delayed_.next();
  asleep_ = true;
  wakes_at_ = next.value_or(time_point::max());
  if (!next)
    return -1;
  auto left = ceil<milliseconds>(*next - steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

void reactor::wait_for_sockets() {
  std::array<epoll_event, 64> events{};
  auto ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), sleep_begins());
  {
    std::lock_guard guard{inbox_mutex_};
    asleep_ = false;
  }
  if (ready < 0 && errno != EINTR)
    std::this_thread::sleep_for(after_failure);
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    eventfd_t times = 0;
    if (event.data.fd == wake_)
      eventfd_read(wake_, &times);
    else
      dispatch(event.data.fd, event.events);
  }
}

void reactor::dispatch(int socket, uint32_t events) {
  socket_user user;
  uint64_t number = 0;
  {
    std::lock_guard guard{sockets_mutex_};
    auto i = sockets_.find(socket);
    if (i == sockets_.end())
      return;
    std::swap(user, i->second.user);
    number = i->second.number;
    // Nobody has reacted yet: epoll would say it again and again.
    if (!user && i->second.in_epoll != 0) {
      epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
      i->second.in_epoll = 0;
    }
  }
  if (user)
    caf::anon_send(user, socket_ready{number, events});
}

} // namespace pgstatsmon
