// A hash of words.
#include "actors/cluster/fingerprint.hpp"

#include "actors/discovery/kept_list.hpp"
#include "actors/discovery/source_spec.hpp"
#include "actors/phase.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

std::string fingerprint_of(const settings& options, const catalogue& queries) {
  std::string text;
  auto add = [&](std::string_view x) { text.append(x).push_back('\0'); };
  for (const auto& x : queries.queries()) {
    add(x.name);
    for (const auto& y : x.variants)
      add(y.sql);
  }
  for (const auto& [name, value] : options.target.metadata) {
    add(name);
    add(value);
  }
  add(fmt::format("{} {}", options.interval.count(), options.stale_after.count()));
  for (const auto& x : source_specs(options, &queries)) {
    add(x.name);
    add(fingerprint(x));
  }
  for (const auto& x : options.static_backends) {
    add(fmt::format("{} {} {}", x.name, x.ip, x.port.value_or(options.backend_port)));
    for (const auto& [name, value] : x.labels) {
      add(name);
      add(value);
    }
  }
  return fmt::format("{:016x}", phase_hash({text}));
}

} // namespace pgstatsmon
