// What is known of the databases that are visited beside a backend's own.
#pragma once

#include "messages/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgstatsmon {

/// One of them.
struct database_state {
  std::string name;
  std::string labels;      ///< Rendered: `datname="name"`.
  bool tried = false;      ///< A visit has ended.
  bool up = false;         ///< The last one had an answer.
  bool kept = false;       ///< Its session stays between visits.
  double last_success = 0; ///< Unix time of the last good visit, s; 0: none.
  uint64_t series = 0;     ///< On the page.
  failure reason = failure::none;
  std::string error; ///< Why the last visit, or a query of it, failed; empty: nothing did.

  friend bool operator==(const database_state&, const database_state&) = default;
};

/// All of them, by name. Written by the VISITOR, read by any thread; immutable.
struct database_report {
  std::vector<std::shared_ptr<const database_state>> watched;
  uint64_t excluded = 0;   ///< By the configuration.
  uint64_t beyond_max = 0; ///< More than `databases.max`.
};

using database_report_ptr = std::shared_ptr<const database_report>;

} // namespace pgstatsmon
