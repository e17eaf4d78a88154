// Backends that another daemon watches now: what was known of them last, for who still asks here.
#pragma once

#include "actors/registry/snapshot.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pgstatsmon {

/// What is left of a backend that another daemon watches.
struct left_backend {
  entry_ptr value; ///< Its last values here.

  /// The address of the daemon that has polled it by now; null: none that is known of.
  std::shared_ptr<const std::string> next;
};

/// Prometheus asks the former owner until it has read the list of targets again. Any thread.
class lingering {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// The address of who owns a backend, by its id; null: nobody, or this daemon.
  using owner_finder = std::function<std::shared_ptr<const std::string>(const std::string& id)>;

  /// In which a new owner has polled a backend for the first time.
  static constexpr std::chrono::seconds first_poll{2};

  /// Keeps a backend's last values until then.
  void keep(entry_ptr x, time_point until);

  /// The backend is ours again, or nobody's.
  void forget(const std::string& name);

  /// Looks who owns each of them.
  void follow(const owner_finder& owner_of, time_point now);

  /// Lets go of what is too old.
  void sweep(time_point now);

  /// By its name; nulls when nothing is kept, or no longer.
  [[nodiscard]] left_backend find(std::string_view name, time_point now) const;

private:
  struct kept {
    entry_ptr value;
    time_point until;
    std::shared_ptr<const std::string> owner{};
    time_point owned_since{};
  };

  mutable std::mutex mutex_;
  std::unordered_map<std::string, kept> all_;
};

} // namespace pgstatsmon
