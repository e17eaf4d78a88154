// The WORKER and its threads.
#include "actors/backend/worker.hpp"

#include "actors/backend/conninfo.hpp"
#include "actors/backend/session.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include <netdb.h>

namespace pgstatsmon {

namespace {

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
  for (auto* address = list.get(); address != nullptr; address = address->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(address->ai_addr, address->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST)
          == 0
        && std::find(result.begin(), result.end(), text.data()) == result.end())
      result.emplace_back(text.data());
  }
  return result;
}

} // namespace

worker_tasks system_tasks() {
  return {
    [](const lookup& wanted) -> caf::expected<lookup_result> {
      auto password = read_password(wanted.password_file);
      if (!password)
        return std::move(password.error());
      if (wanted.host.empty())
        return lookup_result{.password = std::move(*password)};
      auto addresses = resolve(wanted.host);
      if (!addresses)
        return std::move(addresses.error());
      return lookup_result{.addresses = std::move(*addresses), .password = std::move(*password)};
    },
    [](const cancel_request& x) { x.request->send(); },
  };
}

struct worker_state::doorbell {
  std::mutex mutex;
  worker_actor owner; ///< Null when the WORKER has ended.

  void ring(uint64_t number) {
    std::lock_guard guard{mutex};
    if (owner)
      caf::anon_send(owner, caf::ok_atom_v, number);
  }
};

worker_state::worker_state(worker_actor::pointer self)
  : self_{self}, bell_{std::make_shared<doorbell>()} {
  // nop
}

worker_state::~worker_state() {
  std::lock_guard guard{bell_->mutex};
  bell_->owner = nullptr;
}

caf::result<lookup_result> worker_state::look_up(const lookup& wanted) {
  auto promise = self_->make_response_promise<lookup_result>();
  if (lookups_.waiting.size() >= max_waiting) {
    promise.deliver(caf::make_error(ec::dns_failed, "too many lookups are waiting"));
    return promise;
  }
  auto result = std::make_shared<caf::expected<lookup_result>>(
    caf::make_error(ec::dns_failed, "no thread to look it up"));
  enqueue(lookups_, {[look_up = tasks.look_up, wanted, result] { *result = look_up(wanted); },
                     [promise, result]() mutable {
                       if (*result)
                         promise.deliver(std::move(**result));
                       else
                         promise.deliver(std::move(result->error()));
                     }});
  return promise;
}

void worker_state::cancel(const cancel_request& request) {
  // A request that is not sent costs a server the rest of its statement_timeout.
  if (cancels_.waiting.size() < max_waiting)
    enqueue(cancels_, {[cancel = tasks.cancel, request] { cancel(request); },
                       [] { /* nobody waits for it */ }});
}

void worker_state::enqueue(lane& where, task job) {
  where.waiting.push_back(std::move(job));
  start_next(where);
}

void worker_state::start_next(lane& where) {
  while (where.running < max_running && !where.waiting.empty()) {
    auto next = std::move(where.waiting.front());
    where.waiting.pop_front();
    start(where, std::move(next));
  }
}

void worker_state::start(lane& where, task job) {
  if (!bell_->owner)
    bell_->owner = self_;
  auto number = ++last_number_;
  try {
    std::thread{[bell = bell_, work = std::move(job.work), number]() mutable {
      try {
        work();
      } catch (const std::exception& e) {
        say(spdlog::level::err, log_event::internal_error, "worker: {}", e.what());
      }
      work = nullptr;
      bell->ring(number);
    }}.detach();
    ++where.running;
    running_.emplace(number, running_task{&where, std::move(job.done)});
  } catch (const std::system_error&) {
    job.done();
  }
}

void worker_state::done(uint64_t number) {
  auto i = running_.find(number);
  if (i == running_.end())
    return;
  auto ended = std::move(i->second);
  running_.erase(i);
  --ended.of->running;
  ended.done();
  start_next(*ended.of);
}

worker_actor::behavior_type worker(observed_ptr<worker_actor, worker_state> self,
                                   worker_tasks tasks) {
  self->state.tasks = std::move(tasks);
  return {
    [self](const lookup& x) { return self->state.look_up(x); },
    [self](const cancel_request& x) { self->state.cancel(x); },
    [self](caf::ok_atom, uint64_t number) { self->state.done(number); },
  };
}

} // namespace pgstatsmon
