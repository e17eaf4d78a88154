// What is counted about one actor, in place: written by the actor, read by any thread at any time.
#pragma once

#include <caf/actor_clock.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/timespan.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What a message is: its first value tells. One word, so that it can be read while it is written.
class message_kind {
public:
  message_kind() = default;

  /// The kind of a message. Costs a few loads.
  static message_kind of(const caf::mailbox_element& x) noexcept;

  /// From bits().
  static message_kind from(uint64_t bits) noexcept;

  [[nodiscard]] uint64_t bits() const noexcept { return bits_; }

  /// Its name: `poll`, `socket_ready`, `tick`, `poll_report (answer)`.
  [[nodiscard]] std::string name() const;

  friend bool operator==(message_kind, message_kind) = default;

private:
  uint64_t bits_ = 0; // an empty message
};

/// Counts, times and the newest messages of one actor. The actor writes with plain stores of
/// relaxed atomics; a message costs it two looks at the clock and about a dozen stores, whoever
/// reads.
class actor_record {
public:
  using time_point = caf::actor_clock::time_point;

  /// How many of the newest messages messages() shows.
  static constexpr size_t shown_messages = 20;

  /// A message that was handled.
  struct handled_message {
    message_kind what;
    time_point when;       ///< When its handler began.
    caf::timespan took{0}; ///< Time in the handler.
  };

  /// A handler that runs.
  struct activity {
    message_kind what; ///< For this.
    time_point since;
  };

  /// @param id CAF's number of the actor.
  /// @param parent That of the actor which spawned it; 0: none.
  /// @param born When it was spawned.
  actor_record(uint64_t id, uint64_t parent, time_point born) noexcept
    : id_{id}, parent_{parent}, born_{born} {}

  // -- for whoever sends: any thread --------------------------------------------------------------

  /// A message is about to be put into the mailbox.
  void enqueued() noexcept { enqueued_.fetch_add(1, std::memory_order_relaxed); }

  // -- for the actor: one thread at a time --------------------------------------------------------

  /// Its handler begins.
  void begin(message_kind what, time_point now) noexcept;

  /// The handler of the last begin() has ended.
  void end(time_point now) noexcept;

  // -- for observers: any thread ------------------------------------------------------------------

  [[nodiscard]] uint64_t id() const noexcept { return id_; }
  [[nodiscard]] uint64_t parent() const noexcept { return parent_; }
  [[nodiscard]] time_point born() const noexcept { return born_; }

  /// Messages that were handled.
  [[nodiscard]] uint64_t handled() const noexcept {
    return handled_.load(std::memory_order_acquire);
  }

  /// Messages in the mailbox, and the one that is being handled.
  [[nodiscard]] uint64_t depth() const noexcept;

  /// The largest depth() that a handler began with.
  [[nodiscard]] uint64_t max_depth() const noexcept {
    return max_depth_.load(std::memory_order_relaxed);
  }

  /// Time in handlers.
  [[nodiscard]] caf::timespan busy() const noexcept {
    return caf::timespan{busy_.load(std::memory_order_relaxed)};
  }

  /// The longest that one handler took.
  [[nodiscard]] caf::timespan longest() const noexcept {
    return caf::timespan{longest_.load(std::memory_order_relaxed)};
  }

  /// Nothing while no handler runs.
  [[nodiscard]] std::optional<activity> now() const noexcept;

  /// The newest messages, oldest first; shown_messages at most.
  [[nodiscard]] std::vector<handled_message> messages() const;

private:
  // A power of two that leaves the writer room to go on while a reader copies.
  static constexpr size_t slots = 32;
  static_assert(slots > shown_messages && (slots & (slots - 1)) == 0);

  struct slot {
    std::atomic<uint64_t> what{0};
    std::atomic<int64_t> when{0};
    std::atomic<int64_t> took{0};
  };

  slot& at(uint64_t number) noexcept { return ring_[number & (slots - 1)]; }
  [[nodiscard]] const slot& at(uint64_t number) const noexcept {
    return ring_[number & (slots - 1)];
  }

  const uint64_t id_;
  const uint64_t parent_;
  const time_point born_;
  std::atomic<uint64_t> enqueued_{0};
  std::atomic<uint64_t> handled_{0};
  std::atomic<uint64_t> max_depth_{0};
  std::atomic<int64_t> busy_{0};
  std::atomic<int64_t> longest_{0};
  std::atomic<int64_t> running_since_{0}; // 0: no handler runs
  std::array<slot, slots> ring_;          // message n is in slot n % slots
};

} // namespace pgstatsmon
