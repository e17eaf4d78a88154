// Narrower words win over wider ones, exclude over include.
#include "config/databases.hpp"

#include "config/patterns.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pgstatsmon {

namespace {

using kind = document_node::kind;

/// Of RDS, Azure, Cloud SQL and AlloyDB: nobody but the provider may connect to them.
constexpr auto of_clouds =
  std::to_array<std::string_view>({"rdsadmin", "azure_maintenance", "azure_sys", "cloudsqladmin",
                                   "alloydbadmin", "alloydbmetadata"});

} // namespace

void read_databases(const value& self, database_settings& x) {
  if (self.given() && self.node().type != kind::object) {
    bool on = false;
    if (self.node().type != kind::null)
      self.read(on, parse_boolean);
    x.on = on;
    return;
  }
  if (self.given())
    x.on = true;
  fields s{self};
  read_patterns(s.get("include"), parse_pattern, x.include);
  read_patterns(s.get("exclude"), parse_pattern, x.exclude);
  s.get("max").read(x.max, integer<uint32_t>(1, 10'000));
  s.get("at_once").read(x.at_once, integer<uint32_t>(1, 20));
  s.get("keep").read(x.keep, integer<uint32_t>(0, 100));
  s.get("interval").read(x.interval, parse_time);
}

database_rules narrowed(database_rules wider, const database_settings& narrower) {
  wider.on = narrower.on.value_or(wider.on);
  wider.include = narrower.include.value_or(std::move(wider.include));
  wider.exclude = narrower.exclude.value_or(std::move(wider.exclude));
  wider.max = narrower.max.value_or(wider.max);
  wider.at_once = narrower.at_once.value_or(wider.at_once);
  wider.keep = narrower.keep.value_or(wider.keep);
  if (narrower.interval)
    wider.interval = narrower.interval->count();
  return wider;
}

bool watches_databases(const settings& x) {
  auto on = [](const auto& y) { return y.databases.on.value_or(false); };
  return on(x) || std::ranges::any_of(x.static_backends, on) || std::ranges::any_of(x.vmapi, on)
         || std::ranges::any_of(x.files, on) || std::ranges::any_of(x.http_sd, on)
         || std::ranges::any_of(x.dns, on) || std::ranges::any_of(x.patroni, on);
}

uint32_t sessions_of(const database_rules& x) {
  return x.on ? 1 + x.keep + x.at_once : 1;
}

database_filter::database_filter(const database_rules& rules)
  : all_{rules.include.empty()},
    include_{compiled(rules.include)},
    exclude_{compiled(rules.exclude)} {
  // nop
}

bool database_filter::takes(const std::string& name) const {
  auto matches = [&](const std::regex& x) { return std::regex_match(name, x); };
  return std::ranges::find(of_clouds, name) == of_clouds.end()
         && (all_ || std::ranges::any_of(include_, matches))
         && !std::ranges::any_of(exclude_, matches);
}

} // namespace pgstatsmon
