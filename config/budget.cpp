// A budget is a share of one CPU.
#include "config/budget.hpp"

#include "config/values.hpp"

namespace pgstatsmon {

void read_budget(const value& self, std::optional<double>& server_share) {
  fields s{self};
  s.get("server").read(server_share, parse_share);
}

} // namespace pgstatsmon
