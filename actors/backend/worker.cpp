// The WORKER and its threads.
#include "actors/backend/worker.hpp"

#include "actors/backend/conninfo.hpp"
#include "actors/backend/pq_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include <netdb.h>

namespace pgstatsmon {

namespace {

/// One task in a thread of its own; ends with it.
using thread_actor = caf::typed_actor<caf::replies_to<lookup>::with<lookup_result>,
                                      caf::replies_to<cancel_request>::with<void>>;

struct thread_state {
  static constexpr const char* name = "worker_thread";
  explicit thread_state(thread_actor::pointer) {}
};

thread_actor::behavior_type thread(observed_ptr<thread_actor, thread_state> self,
                                   const worker_tasks& tasks) {
  return {
    [self, tasks](const lookup& x) -> caf::result<lookup_result> {
      self->quit();
      auto result = tasks.look_up(x);
      if (!result)
        return std::move(result.error());
      return std::move(*result);
    },
    [self, tasks](const cancel_request& x) {
      self->quit();
      tasks.cancel(x);
    },
  };
}

caf::expected<std::vector<std::string>> resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  auto code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code == EAI_NONAME || code == EAI_ADDRFAMILY) {
    // Without a configured address of a family, names in /etc/hosts would be left out.
    hints.ai_flags = 0;
    code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (code != 0)
    return caf::make_error(ec::dns_failed,
                           fmt::format("cannot resolve {}: {}", host, gai_strerror(code)));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list{found, freeaddrinfo};
  std::vector<std::string> result;
  for (auto* x = list.get(); x != nullptr; x = x->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(x->ai_addr, x->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST)
          == 0
        && std::find(result.begin(), result.end(), text.data()) == result.end())
      result.emplace_back(text.data());
  }
  return result;
}

} // namespace

worker_tasks system_tasks() {
  return {
    [](const lookup& x) -> caf::expected<lookup_result> {
      auto password = read_password(x.password_file);
      if (!password)
        return std::move(password.error());
      if (x.host.empty())
        return lookup_result{{}, std::move(*password)};
      auto addresses = resolve(x.host);
      if (!addresses)
        return std::move(addresses.error());
      return lookup_result{std::move(*addresses), std::move(*password)};
    },
    [](const cancel_request& x) { send_cancel(x.request); },
  };
}

caf::result<lookup_result> worker_state::look_up(const lookup& x) {
  auto promise = self_->make_response_promise<lookup_result>();
  if (lookups_.waiting.size() >= max_waiting) {
    promise.deliver(caf::make_error(ec::dns_failed, "too many lookups are waiting"));
    return promise;
  }
  enqueue(lookups_, [this, x, promise]() mutable {
    self_->request(self_->spawn<caf::detached>(thread, tasks), caf::infinite, x)
      .then(
        [this, promise](lookup_result& y) mutable {
          promise.deliver(std::move(y));
          finished(lookups_);
        },
        [this, promise](caf::error& error) mutable {
          promise.deliver(std::move(error));
          finished(lookups_);
        });
  });
  return promise;
}

void worker_state::cancel(const cancel_request& x) {
  // A request that is not sent costs a server the rest of its statement_timeout.
  if (cancels_.waiting.size() >= max_waiting)
    return;
  enqueue(cancels_, [this, x] {
    self_->request(self_->spawn<caf::detached>(thread, tasks), caf::infinite, x)
      .then([this] { finished(cancels_); }, [this](const caf::error&) { finished(cancels_); });
  });
}

void worker_state::enqueue(lane& to, std::function<void()> start) {
  to.waiting.push_back(std::move(start));
  start_next(to);
}

void worker_state::start_next(lane& x) {
  while (x.running < max_running && !x.waiting.empty()) {
    auto start = std::move(x.waiting.front());
    x.waiting.pop_front();
    ++x.running;
    start();
  }
}

void worker_state::finished(lane& x) {
  --x.running;
  start_next(x);
}

worker_actor::behavior_type worker(observed_ptr<worker_actor, worker_state> self,
                                   worker_tasks tasks) {
  self->state.tasks = std::move(tasks);
  return {
    [self](const lookup& x) { return self->state.look_up(x); },
    [self](const cancel_request& x) { self->state.cancel(x); },
  };
}

} // namespace pgstatsmon
