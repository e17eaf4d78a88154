// Backends that another daemon watches now: what was known of them last, for who still asks here.
#pragma once

#include "actors/registry/snapshot.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pgstatsmon {

/// Prometheus asks the former owner until it has read the list of targets again. Any thread.
class lingering {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Keeps a backend's last values until then.
  void keep(entry_ptr x, time_point until);

  /// The backend is ours again, or nobody's.
  void forget(const std::string& name);

  /// Lets go of what is too old.
  void sweep(time_point now);

  /// By its name; null when nothing is kept, or no longer.
  [[nodiscard]] entry_ptr find(std::string_view name, time_point now) const;

private:
  struct kept {
    entry_ptr value;
    time_point until;
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, kept> all_;
};

} // namespace pgstatsmon
