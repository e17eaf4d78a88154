// What FLEET looks at: one backend as it is now.
#pragma once

#include "actors/registry/server_report.hpp"
#include "messages/backend.hpp"

namespace pgstatsmon {

/// A backend that has told of its server's place in its cluster, perhaps long ago.
struct seen_backend {
  incarnation life = 0;
  const backend* value = nullptr; ///< Never null.
  bool fresh = false;             ///< It is up, and its report is of its newest polls.
  report_ptr report;              ///< Never null.

  friend bool operator==(const seen_backend&, const seen_backend&) = default;
};

/// One server, by however many backends it is watched.
struct seen_server {
  std::vector<seen_backend> backends; ///< In the order of discovery; one at least.
  bool fresh = false;                 ///< One of them is.
  report_ptr report;                  ///< The newest.

  [[nodiscard]] const seen_backend& first() const { return backends.front(); }
};

/// Joins the backends of one cluster that are one server: those that say the same start of its
/// postmaster; and one that is down is what answers at its address now.
/// @param all In the order of discovery, which is the result's, too.
std::vector<seen_server> servers_of(const std::vector<seen_backend>& all);

} // namespace pgstatsmon
