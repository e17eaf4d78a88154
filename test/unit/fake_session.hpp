// A session and a socket_watcher whose other side is the test.
#pragma once

#include "test/unit/rows.hpp"

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

/// What the test tells sessions to do next, and what they were told. Outlives them. Of a flight it
/// sees all but the server's clock, its place in its cluster and its settings, which answer when
/// their turn comes.
struct session_script {
  std::optional<session_error> connect_error; ///< Of each attempt.
  std::deque<session_error> refusals;         ///< Of the next attempts, one each.
  bool stuck = false;                         ///< Connecting never ends.
  server_facts facts{150018, server_role::primary, 4711};
  std::optional<session_error> next_receive_error;
  std::vector<statement_result> ready;            ///< Handed out by the next receive().
  std::function<statement_result(size_t)> answer; ///< If set: receive() has all results, by index.
  std::vector<std::vector<statement>> flights;
  std::vector<statement> cluster_questions;
  statement_result cluster_answer{}; ///< Of each; no rows unless it is set.
  std::string loaded = "once";       ///< When the server has read its settings.
  std::vector<row> settings;         ///< As settings_query() asks for them.
  int settings_asked = 0;
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
    script_.flights.emplace_back();
    seen_.clear();
    sent_ = x;
    next_ = 0;
    std::string pins;
    for (size_t i = 0; i < x.size(); ++i) {
      if (is_cluster(x[i])) {
        script_.cluster_questions.push_back(x[i]);
        continue;
      }
      if (is_loaded(x[i]) || is_settings(x[i]))
        continue;
      pins += x[i].pins;
      if (is_clock(x[i]))
        continue;
      script_.flights.back().push_back(x[i]);
      script_.flights.back().back().pins = std::exchange(pins, {});
      seen_.push_back(i);
    }
    return std::nullopt;
  }

  [[nodiscard]] bool sending() const override { return false; }
  [[nodiscard]] size_t pending() const override { return sent_.size() - next_; }

  std::optional<session_error> receive(const result_handler& on_result) override {
    for (auto& x : std::exchange(script_.ready, {}))
      hand_out(std::move(x), on_result);
    if (script_.answer && pending() > 0)
      for (size_t i = 0; i < seen_.size(); ++i)
        hand_out(script_.answer(i), on_result);
    return script_.next_receive_error;
  }

  [[nodiscard]] canceller_ptr cancellation() const override {
    return std::make_shared<const fake_canceller>();
  }

private:
  static bool is_clock(const statement& x) {
    return x.name.ends_with("_now") || x.sql.find("clock_timestamp()") != std::string::npos;
  }

  static bool is_cluster(const statement& x) {
    return x.name.ends_with("_cluster") || x.sql.find("pg_control_system()") != std::string::npos;
  }

  static bool is_loaded(const statement& x) { return x.sql.starts_with("SELECT 'loaded'"); }

  static bool is_settings(const statement& x) {
    return x.sql.find("pg_catalog.pg_settings g") != std::string::npos;
  }

  static bool is_hidden(const statement& x) {
    return is_clock(x) || is_cluster(x) || is_loaded(x) || is_settings(x);
  }

  void hand_out(statement_result x, const result_handler& on_result) {
    x.index = seen_.at(x.index);
    answer_clocks(on_result);
    fails_ = x.error.has_value();
    next_ = x.index + 1;
    on_result(std::move(x));
    answer_clocks(on_result);
  }

  void answer_clocks(const result_handler& on_result) {
    for (; next_ < sent_.size() && is_hidden(sent_[next_]); ++next_) {
      if (is_loaded(sent_[next_])) {
        on_result({next_, make_rows({"kind", "name", "value"}, {{"loaded", "", script_.loaded}}),
                   true, std::nullopt, false});
        continue;
      }
      if (is_settings(sent_[next_])) {
        ++script_.settings_asked;
        on_result(
          {next_,
           make_rows({"name", "hidden", "value", "boot", "unit", "pending"}, script_.settings),
           true, std::nullopt, false});
        continue;
      }
      if (is_cluster(sent_[next_])) {
        auto said = script_.cluster_answer;
        said.index = next_;
        said.prepared = true;
        on_result(std::move(said));
        continue;
      }
      auto now = fails_ ? nullptr : make_rows({"date_part"}, {{"1000"}});
      on_result({next_, std::move(now), !fails_, std::nullopt, fails_});
      fails_ = fails_ && !sent_[next_].sync;
    }
  }

  session_script& script_;
  std::vector<statement> sent_;
  std::vector<size_t> seen_; ///< Indices of what the test sees.
  size_t next_ = 0;
  bool fails_ = false; ///< A statement within the Sync under way has failed.
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
