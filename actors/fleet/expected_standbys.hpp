// Standbys that were there: who is missed, and for how long it is.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace pgstatsmon {

/// What is remembered of a standby.
struct expected_standby {
  std::string name;
  std::string upstream;     ///< What it followed when it was seen last.
  double last_attached = 0; ///< Unix time, s.
  bool attached = false;    ///< At the newest look.
};

/// Standbys of one cluster that are not watched themselves, by what their senders call them. One
/// that is gone is missed for a day.
class expected_standbys {
public:
  static constexpr double memory = 86'400; // s
  static constexpr size_t most = 64;

  /// A look begins: nobody has been seen.
  void begin();

  /// It is there.
  void seen(const std::string& key, std::string name, std::string upstream, double now);

  /// It is none any more, as it is watched or has become something else.
  void forget(const std::string& key) { all_.erase(key); }

  /// A look ends: what was missed for too long is forgotten.
  void end(double now);

  [[nodiscard]] const std::map<std::string, expected_standby>& all() const noexcept { return all_; }

private:
  bool make_place();

  std::map<std::string, expected_standby> all_;
};

} // namespace pgstatsmon
