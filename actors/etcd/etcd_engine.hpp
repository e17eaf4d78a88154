// What a client of etcd does next: its calls one after the other, its watches beside them. Without
// sockets, clock or thread.
#pragma once

#include "actors/etcd/etcd_codec.hpp"
#include "actors/etcd/etcd_endpoints.hpp"
#include "actors/etcd/etcd_identity.hpp"
#include "actors/etcd/etcd_stream.hpp"
#include "actors/http/http_message.hpp"
#include "config/etcd_settings.hpp"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pgstatsmon {

/// What a client has done so far.
struct etcd_counts {
  uint64_t requests = 0;              ///< That were sent, looks at versions and passwords too.
  std::array<uint64_t, 7> failures{}; ///< Calls that came to nothing, by etcd_failure.
  uint64_t watch_restarts = 0;        ///< Watches that had to begin anew.

  friend bool operator==(const etcd_counts&, const etcd_counts&) = default;
};

/// What has come since.
etcd_counts operator-(const etcd_counts& now, const etcd_counts& before);

/// Decides. All times come from outside, and what is to be sent is taken out with take().
class etcd_engine {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using outcome = std::variant<etcd_document, etcd_problem>;

  /// A call. `done` is told what came of it, and when the request went out that was answered.
  struct job {
    etcd_request request;
    bool first = false; ///< Goes before those that are not.
    std::function<void(outcome, time_point sent)> done;
  };

  /// Something to do over HTTP: begin this, or drop what has this number.
  struct step {
    uint64_t id = 0;
    std::optional<http_call> begin;
  };

  /// User and password; nothing when they can't be read. Asked each time that one authenticates.
  using credentials = std::function<std::optional<std::pair<std::string, std::string>>()>;

  /// How long a watch lives: one at a member that has lost the others may be open and silent.
  static constexpr std::chrono::seconds watch_life{60};

  /// @param who Empty: without a user.
  /// @param random A number in [0, 1).
  etcd_engine(etcd_settings how, credentials who, std::function<double()> random);

  void submit(job x, time_point now);

  /// @param number Chosen by the caller, never twice.
  void watch(uint64_t number, std::string prefix, std::function<bool(std::string_view)> matters,
             std::function<void()> hint);
  void unwatch(uint64_t number);

  /// A request that was begun has ended.
  void answered(uint64_t id, http_answer x, time_point now);

  /// A piece of a stream that was begun has come.
  /// @returns false: the stream is to end.
  bool piece(uint64_t id, std::string_view x, time_point now);

  /// Does what is due. To be called after everything else, and at next().
  void tick(time_point now);
  [[nodiscard]] time_point next(time_point now) const;

  /// What is to be done now, in this order.
  std::vector<step> take() { return std::exchange(steps_, {}); }

  /// Tells everybody that nothing more will come.
  void end();

  [[nodiscard]] const etcd_counts& counts() const noexcept { return counts_; }

  /// How long each request took, watches apart, that was answered since the last call.
  std::vector<std::chrono::nanoseconds> take_times() { return std::exchange(times_, {}); }

private:
  enum class purpose : uint8_t { version, authenticate, call };

  struct waiting {
    job what;
    time_point deadline;
    uint32_t tokens = 0; // that were got for it
    etcd_problem last{}; // of an attempt
  };

  struct flight {
    uint64_t id = 0;
    size_t endpoint = 0;
    purpose why = purpose::call;
    time_point sent;
    etcd_header known{}; // when it was sent
  };

  struct watcher {
    std::string prefix;
    std::function<bool(std::string_view)> matters;
    std::function<void()> hint;
    uint64_t id = 0; // of its stream; 0: none
    size_t endpoint = 0;
    bool open = false; // etcd has said that it began
    time_point since;  // its stream began
    time_point not_before;
    uint32_t failures = 0;
    etcd_stream stream{};
  };

  // -- calls
  // ---------------------------------------------------------------------------------------
  void advance(time_point now);
  void expire(time_point now);
  bool take_next();
  void send(size_t endpoint, purpose why, time_point now);
  void settle(http_answer x, time_point now);
  void settle_version(const http_reply& x, size_t endpoint, time_point now);
  void settle_token(const etcd_document& x);
  void settle_error(etcd_error x, purpose why, size_t endpoint, time_point now);
  void attempt_failed(etcd_problem x, bool again);
  void finish(outcome x, time_point sent);
  void fail(waiting x, etcd_problem why);

  // -- watches
  // -------------------------------------------------------------------------------------
  void open(watcher& x, time_point now);
  void probe(time_point now);
  bool understood(watcher& x, const std::string& object, time_point now);
  void closed(watcher& x, time_point now);

  [[nodiscard]] bool has_user() const { return static_cast<bool>(who_); }
  [[nodiscard]] bool ready(size_t endpoint) const {
    return checked_[endpoint] && (!has_user() || authenticated_);
  }
  [[nodiscard]] http_call call_to(size_t endpoint, const etcd_request& x) const;
  void lose_token();

  etcd_settings how_;
  credentials who_;
  std::function<double()> random_;
  etcd_endpoints endpoints_;
  etcd_identity identity_;
  std::vector<bool> checked_; // which endpoints are an etcd that we can speak to

  std::string token_;
  bool authenticated_ = false;   // perhaps without a token: etcd wants none
  uint32_t authentications_ = 0; // since a call went well
  time_point authenticate_at_{};
  std::optional<etcd_problem> refusal_; // of the last authentication

  std::deque<waiting> first_;
  std::deque<waiting> others_;
  std::optional<waiting> current_;
  std::optional<flight> flight_;
  bool probing_ = false;

  std::map<uint64_t, watcher> watchers_;
  std::vector<step> steps_;
  uint64_t last_id_ = 0;
  etcd_counts counts_;
  std::vector<std::chrono::nanoseconds> times_;
};

} // namespace pgstatsmon
