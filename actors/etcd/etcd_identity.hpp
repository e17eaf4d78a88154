// Whether an answer comes from the cluster that answered before, and is not older. Pure.
#pragma once

#include "actors/etcd/etcd_codec.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace pgstatsmon {

/// A name may lead to another etcd, and a restored backup goes back in time. What comes from there
/// is not believed, unless the known cluster has not answered for as long as it takes to believe
/// that it is gone.
class etcd_identity {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How long a known cluster has to be silent before another one takes its place.
  static constexpr std::chrono::seconds patience{60};

  /// @param since What was known when the request was sent, if it is a linearizable one: its answer
  /// is not older, though it may be older than what a watch has said since then.
  /// @returns what is wrong; empty: it is to be believed.
  std::string judge(const etcd_header& x, const std::optional<etcd_header>& since, time_point now);

  /// Of the newest answer that was believed; all 0 before.
  [[nodiscard]] const etcd_header& known() const noexcept { return known_; }

private:
  [[nodiscard]] std::string fault(const etcd_header& x,
                                  const std::optional<etcd_header>& since) const;

  etcd_header known_; // of the newest answer that was believed, with the highest revision
  time_point last_;   // when that was
};

} // namespace pgstatsmon
