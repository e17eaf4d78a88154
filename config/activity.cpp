// A time, and a permission.
#include "config/activity.hpp"

#include "config/values.hpp"

namespace pgstatsmon {

namespace {

using namespace std::chrono_literals;

/// More often would cost a server more than it says.
constexpr milliseconds shortest_sample = 100ms;

std::optional<milliseconds> parse_sample(const value& x) {
  auto result = parse_time_or_none(x);
  if (!result || result->count() == 0 || *result >= shortest_sample)
    return result;
  x.complain("is less than 100 ms");
  return std::nullopt;
}

} // namespace

void read_activity(const value& self, collect_settings& x) {
  fields s{self};
  s.get("sample").read(x.sample, parse_sample);
  s.get("texts").read(x.statement_texts, parse_boolean);
}

} // namespace pgstatsmon
