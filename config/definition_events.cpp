// A query whose rows are events, and no series.
#include "config/definition_parts.hpp"

#include <algorithm>
#include <array>

namespace pgstatsmon {

namespace {

void read_key(const value& self, located_definition& to) {
  auto& key = to.query.events->key;
  self.each([&](const value& item) {
    std::string column;
    item.require(column, "a column", parse_name);
    if (!column.empty() && std::ranges::find(key, column) != key.end())
      return item.complain("is given twice");
    key.push_back(std::move(column));
    to.key_places.push_back(place_of(item));
  });
}

/// What is about series.
void refuse_samples(fields& s) {
  constexpr auto keys =
    std::to_array<std::string_view>({"labels", "metrics", "duplicates", "max_rows", "by", "rank",
                                     "other", "replication", "texts", "pivot"});
  for (auto key : keys)
    if (auto x = s.get(key); x.given())
      x.complain("is about series, expected none beside events");
}

} // namespace

bool read_events(fields& s, located_definition& to) {
  auto self = s.get("events");
  if (!self.given() && !self.run().describing)
    return false;
  auto& events = to.query.events.emplace();
  using occasion = row_events::occasion;
  {
    fields own{self};
    own.get("when").read(
      events.when, choice<occasion>({{"each", occasion::each}, {"change", occasion::change}}));
    auto key = own.get("key");
    read_key(key, to);
    if (events.when == occasion::change && events.key.empty())
      key.complain("is missing, expected the columns that say what a row is about");
  }
  if (!self.run().describing)
    refuse_samples(s);
  return true;
}

} // namespace pgstatsmon
