// Which backends have actors, and so perhaps sessions: what must be over before a slot is let go
// of.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace pgstatsmon {

/// Whoever starts actors for a backend notes it, and their ends. Any thread.
class session_ledger {
public:
  /// Called with a backend's id when the last of its actors has ended, in that actor's thread.
  using listener = std::function<void(const std::string& id)>;

  /// Replaces the listener; an empty one is none. One that is being called has returned.
  void listen(listener x);

  /// An actor of the backend begins.
  void begin(const std::string& id);

  /// ... and has ended.
  void end(const std::string& id);

  /// Whether the backend has actors.
  [[nodiscard]] bool runs(const std::string& id) const;

private:
  mutable std::mutex mutex_;
  listener listener_;
  std::unordered_map<std::string, size_t> running_;
};

} // namespace pgstatsmon
