// Narrower words win over wider ones, names over sets.
#include "config/collect.hpp"

#include "config/tables.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <vector>

namespace pgstatsmon {

namespace {

bool contains(const std::vector<std::string>& list, const std::string& x) {
  return std::ranges::find(list, x) != list.end();
}

/// Moves names into one list, out of the other.
void move_into(std::vector<std::string>& to, std::vector<std::string>& from,
               const std::vector<std::string>& names) {
  for (const auto& x : names) {
    std::erase(from, x);
    if (!contains(to, x))
      to.push_back(x);
  }
}

std::vector<std::string> read_names(const value& self, std::vector<fault>& places) {
  std::vector<std::string> result;
  self.describe();
  self.each([&](const value& item) {
    std::string name;
    if (item.given())
      item.read(name, parse_word);
    if (name.empty())
      return;
    places.push_back(item.place(name));
    result.push_back(std::move(name));
  });
  return result;
}

/// Adds a fault for each place whose name nobody has; says which is the nearest.
void look_for(const std::vector<fault>& places, const std::set<std::string_view>& known,
              std::string_view kind, std::vector<fault>& faults) {
  std::vector<std::string_view> names{known.begin(), known.end()};
  for (auto place : places) {
    if (known.contains(place.what))
      continue;
    auto near = nearest(place.what, names);
    place.what = fmt::format("there is no {} {}{}", kind, one_line(place.what),
                             near.empty() ? "" : fmt::format(", did you mean {}?", near));
    faults.push_back(std::move(place));
  }
}

} // namespace

void read_collect(const value& self, collect_settings& x) {
  fields s{self};
  auto sets = s.get("sets");
  auto names = read_names(sets, self.run().set_names);
  if (sets.given())
    x.sets = std::move(names);
  auto first = self.run().query_names.size();
  x.on = read_names(s.get("on"), self.run().query_names);
  self.run().names_on.assign(self.run().query_names.begin() + static_cast<ptrdiff_t>(first),
                             self.run().query_names.end());
  auto off = s.get("off");
  x.off = read_names(off, self.run().query_names);
  for (const auto& name : x.off)
    if (contains(x.on, name))
      off.complain("has " + name + ", which on has too");
}

collect_rules narrowed(collect_rules wider, const collect_settings& narrower) {
  if (narrower.sets)
    wider.sets = *narrower.sets;
  move_into(wider.on, wider.off, narrower.on);
  move_into(wider.off, wider.on, narrower.off);
  wider.server_share = narrower.server_share.value_or(wider.server_share);
  wider.own_share = narrower.own_share.value_or(wider.own_share);
  if (narrower.sample)
    wider.sample = *narrower.sample;
  wider.statement_texts = narrower.statement_texts.value_or(wider.statement_texts);
  wider.tables = narrowed(std::move(wider.tables), narrower.tables);
  return wider;
}

bool collects(const collect_rules& rules, const query_definition& query) {
  if (contains(rules.on, query.name))
    return true;
  return contains(rules.sets, query.set) && !contains(rules.off, query.name);
}

caf::error check_collect(const settings& options, const catalogue& queries,
                         const std::string& file) {
  auto standard = collect_rules{}.sets;
  std::set<std::string_view> sets{standard.begin(), standard.end()};
  std::set<std::string_view> names;
  for (const auto& x : queries.queries()) {
    sets.insert(x.set);
    names.insert(x.name);
  }
  std::vector<fault> faults;
  for (const auto& [place, kind] : options.queries_on)
    for (const auto& x : queries.queries())
      if (x.name == place.what && x.kind != kind)
        faults.push_back({place.line, place.column, place.path,
                          fmt::format("{} is a query of kind: {}, expected one of kind: {}", x.name,
                                      to_string_view(x.kind), to_string_view(kind))});
  look_for(options.set_names, sets, "set", faults);
  look_for(options.query_names, names, "query", faults);
  return faults.empty() ? caf::error{} : make_error(std::move(faults), file);
}

} // namespace pgstatsmon
