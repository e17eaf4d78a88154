// Whether an answer comes from the cluster that answered before, and is not older. Pure.
#pragma once

#include "actors/etcd/etcd_codec.hpp"

#include <chrono>
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

  /// @param ordered The answer is of a linearizable request, so no revision was newer before it.
  /// @returns what is wrong; empty: it is to be believed.
  std::string judge(const etcd_header& x, bool ordered, time_point now);

private:
  [[nodiscard]] std::string fault(const etcd_header& x, bool ordered) const;

  etcd_header known_; // of the newest answer that was believed, with the highest revision
  time_point last_;   // when that was
};

} // namespace pgstatsmon
