// Which databases of a server are watched beside the one that a backend names.
#pragma once

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace pgstatsmon {

/// What `databases` says of one backend.
struct database_rules {
  bool on = false;                    ///< False: the backend's own database alone.
  std::vector<std::string> include{}; ///< ECMAScript, of whole names; empty: all.
  std::vector<std::string> exclude{}; ///< The same; wins.
  uint32_t max = 100;                 ///< Databases besides the backend's own.
  uint32_t at_once = 1;               ///< Visits under way.
  uint32_t keep = 0;                  ///< Sessions that stay between visits.
  int64_t interval = 30'000;          ///< Between two visits of a database, ms.

  friend bool operator==(const database_rules&, const database_rules&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, database_rules& x) {
  return f(caf::meta::type_name("database_rules"), x.on, x.include, x.exclude, x.max, x.at_once,
           x.keep, x.interval);
}

} // namespace pgstatsmon
