// How much of what we count ourselves is on the page: `own_metrics`.
#pragma once

#include <cstdint>

namespace pgstatsmon {

/// What the page has of a backend's own counts.
enum class own_metrics : uint8_t {
  full,     ///< Everything of every query, at zero too.
  contract, ///< What the original has, at zero too; of other queries sums and counts.
  minimal,  ///< Whether it is up, its state, its last success, and what has happened.
};

} // namespace pgstatsmon
