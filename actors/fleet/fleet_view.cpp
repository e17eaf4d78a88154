// Finding a backend in the view.
#include "actors/fleet/fleet_view.hpp"

#include <algorithm>

namespace pgstatsmon {

fleet_view::found fleet_view::find(const std::string& backend) const {
  for (const auto& x : clusters)
    for (const auto& y : x->members)
      if (std::ranges::find(y.entries, backend) != y.entries.end())
        return {x.get(), &y};
  return {};
}

} // namespace pgstatsmon
