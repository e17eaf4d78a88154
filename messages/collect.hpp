// Which queries are collected from a backend.
#pragma once

#include <caf/meta/type_name.hpp>

#include <string>
#include <vector>

namespace pgstatsmon {

/// Queries by the sets that they belong to, and by name. Names win.
struct collect_rules {
  std::vector<std::string> sets{"original", "core", "standard", "exporter"};
  std::vector<std::string> on;  ///< Queries, whatever their set.
  std::vector<std::string> off; ///< The same; none of them is in `on`.

  friend bool operator==(const collect_rules&, const collect_rules&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, collect_rules& x) {
  return f(caf::meta::type_name("collect_rules"), x.sets, x.on, x.off);
}

} // namespace pgstatsmon
