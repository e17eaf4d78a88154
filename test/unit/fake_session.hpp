// A session and a socket_watcher whose other side is the test.
#pragma once

#include "actors/backend/session.hpp"
#include "actors/reactor/socket_watcher.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgstatsmon::test {

/// What the test tells sessions to do next, and what they were told. Outlives them.
struct session_script {
  std::optional<session_error> connect_error; ///< Of each attempt.
  std::deque<session_error> refusals;         ///< Of the next attempts, one each.
  bool stuck = false;                         ///< Connecting never ends.
  server_facts facts{150018, server_role::primary, 4711};
  std::optional<session_error> next_receive_error;
  std::vector<statement_result> ready;            ///< Handed out by the next receive().
  std::function<statement_result(size_t)> answer; ///< If set: receive() has all results, by index.
  std::vector<std::vector<statement>> flights;
  connect_parameters parameters; ///< Of the newest attempt.
  int connects = 0;
  int alive = 0;

  /// Of the newest attempt; empty when it has no such keyword.
  std::string parameter(std::string_view keyword) const {
    auto found = std::ranges::find(parameters, keyword, &connect_parameter::keyword);
    return found == parameters.end() ? std::string{} : found->value;
  }
};

/// Cancels nothing: that it is asked for is what counts.
struct fake_canceller final : canceller {
  void send() const override {}
};

class fake_session final : public session {
public:
  explicit fake_session(session_script& x) : script_{x} { ++script_.alive; }
  ~fake_session() override { --script_.alive; }

  connect_progress connect(const connect_parameters& x) override {
    script_.parameters = x;
    ++script_.connects;
    return connecting{interest::write};
  }

  connect_progress advance() override {
    if (script_.stuck)
      return connecting{interest::read};
    if (script_.connect_error)
      return *script_.connect_error;
    if (script_.refusals.empty())
      return established{};
    auto why = script_.refusals.front();
    script_.refusals.pop_front();
    return why;
  }

  [[nodiscard]] int socket() const override { return 7; }
  [[nodiscard]] server_facts facts() const override { return script_.facts; }

  std::optional<session_error> send(const std::vector<statement>& x) override {
    script_.flights.push_back(x);
    pending_ = x.size();
    return std::nullopt;
  }

  [[nodiscard]] bool sending() const override { return false; }
  [[nodiscard]] size_t pending() const override { return pending_; }

  std::optional<session_error> receive(const result_handler& on_result) override {
    for (auto& x : std::exchange(script_.ready, {})) {
      --pending_;
      on_result(std::move(x));
    }
    if (script_.answer)
      for (size_t i = 0, n = std::exchange(pending_, 0); i < n; ++i)
        on_result(script_.answer(i));
    return script_.next_receive_error;
  }

  [[nodiscard]] canceller_ptr cancellation() const override {
    return std::make_shared<const fake_canceller>();
  }

private:
  session_script& script_;
  size_t pending_ = 0;
};

/// Remembers the newest watch, as the REACTOR would.
struct fake_sockets final : socket_watcher {
  void watch(int, uint32_t events, socket_user who, uint64_t number) override {
    user = std::move(who);
    last = socket_ready{number, events};
    ++watches;
  }
  void forget(int) override { user = nullptr; }

  socket_user user;
  socket_ready last;
  int watches = 0;
};

} // namespace pgstatsmon::test
