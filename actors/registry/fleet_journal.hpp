// What changed in the fleet within the last hour.
#pragma once

#include "actors/registry/snapshot.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pgstatsmon {

/// What a person would call a backend's condition: `new` before its first poll, `up`, the class of
/// what fails, or `down`.
std::string_view condition_word(const entry& x) noexcept;

/// One thing that became another.
struct fleet_change {
  double when = 0;     ///< Unix time at which it was seen, s.
  std::string backend; ///< As in backend::name.
  std::string what;    ///< `condition`, `role`, `version`, `pause` or `backend`.
  std::string from;    ///< May be empty.
  std::string to;

  friend bool operator==(const fleet_change&, const fleet_change&) = default;
};

/// What one look found.
struct fleet_news {
  entry_list changed;                ///< Backends that are not as they were.
  std::vector<std::string> gone;     ///< Names of those that are known no more.
  std::vector<fleet_change> changes; ///< For people, newest first.

  [[nodiscard]] bool empty() const noexcept { return changed.empty() && gone.empty(); }
};

/// Compares the fleet with what it was at the last look. What lasts less than the time between two
/// looks is not seen. Any thread may ask; one looks.
class fleet_journal {
public:
  static constexpr size_t max_changes = 1000;
  static constexpr double kept_seconds = 3600;

  /// Looks at all backends. The first polls of a backend are no change, nor are the backends of the
  /// first list.
  /// @param started Every backend of a first list has been tried once.
  /// @param now Unix time, s.
  fleet_news look(const entry_list& backends, bool started, double now);

  /// The newest ones, newest first: max_changes at most, and none older than kept_seconds.
  [[nodiscard]] std::vector<fleet_change> changes(double now) const;

private:
  /// What is compared.
  struct condition {
    std::string name;
    std::string_view word;
    server_role role = server_role::unknown;
    int32_t version = 0;
    bool paused = false;

    friend bool operator==(const condition&, const condition&) = default;
  };

  static condition condition_of(const entry& x);
  static void compare(const condition& before, const condition& after, double now,
                      std::vector<fleet_change>& to);
  void keep(const std::vector<fleet_change>& news, double now);

  std::map<incarnation, condition> seen_; ///< Of the one that looks.
  bool started_ = false;
  mutable std::mutex mutex_;
  std::deque<fleet_change> changes_; ///< Newest first.
};

} // namespace pgstatsmon
