// Server-sent events: what happens, for every client that listens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

struct MHD_Connection;
struct MHD_Response;

namespace pgstatsmon {

struct event_listener;

/// Keeps the newest events once, whoever listens. A client's connection sleeps while there is
/// nothing for it: it takes no thread and is not looked at, so one that is gone is found at the
/// next event. One that is too slow for what is kept is told to `reload`, and misses the rest. Any
/// thread.
class event_hub {
public:
  /// Events that are kept, and their bytes together.
  static constexpr size_t max_events = 256;
  static constexpr size_t max_bytes = size_t{1} << 20;

  /// @param max_listeners Clients at once.
  explicit event_hub(size_t max_listeners) : max_listeners_{max_listeners} {}

  /// What every client gets first. Set before any listens.
  void set_greeting(std::string_view name, std::string_view data);

  /// Something happened.
  /// @param data One line.
  void publish(std::string_view name, std::string_view data);

  /// Whether one more may listen.
  [[nodiscard]] bool has_place() const;

  /// Clients that listen.
  [[nodiscard]] size_t listeners() const;

  /// Ends every client's events, and those of clients that are yet to come.
  void close() noexcept;

  /// Clients may listen again.
  void open() noexcept;

private:
  friend struct event_listener;

  using event = std::shared_ptr<const std::string>;

  void wake_all() noexcept;

  const size_t max_listeners_;
  mutable std::mutex mutex_;
  event greeting_;
  std::deque<event> events_;
  uint64_t first_ = 0; ///< Number of events_.front().
  size_t bytes_ = 0;   ///< Of events_.
  std::set<event_listener*> listeners_;
  bool closed_ = false;
};

/// A response that sends what is published from now on.
/// @param progress Called when the client has taken what it was sent.
/// @returns null when there is no memory.
MHD_Response* stream_events(const std::shared_ptr<event_hub>& from, MHD_Connection* to,
                            std::function<void()> progress);

} // namespace pgstatsmon
