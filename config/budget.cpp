// A budget is a share of one CPU.
#include "config/budget.hpp"

#include "config/values.hpp"

namespace pgstatsmon {

void read_budget(const value& self, collect_settings& x) {
  fields s{self};
  s.get("server").read(x.server_share, parse_share);
  s.get("own").read(x.own_share, parse_share);
}

} // namespace pgstatsmon
