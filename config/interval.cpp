// One time for all, or two between which each backend's own lies.
#include "config/interval.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

namespace pgstatsmon {

namespace {

constexpr milliseconds shortest{5'000};
constexpr milliseconds longest{60'000};

bool is_auto(const value& self) {
  return self.node().type == document_node::kind::string && self.node().text == "auto";
}

bool is_object(const value& self) {
  return self.node().type == document_node::kind::object;
}

} // namespace

void read_interval(const value& self, milliseconds& min, milliseconds& max) {
  self.describe();
  if (!self.given())
    return;
  if (!is_object(self) && !is_auto(self)) {
    if (auto time = parse_time(self))
      min = max = *time;
    return;
  }
  min = shortest;
  max = longest;
  if (is_auto(self))
    return;
  fields s{self};
  auto shorter = s.get("min").read(min, parse_time);
  auto longer = s.get("max").read(max, parse_time);
  if (max < min)
    (longer.given() ? longer : shorter)
      .complain(fmt::format("min is {} ms and max {} ms", min.count(), max.count()));
}

} // namespace pgstatsmon
