// Filters and sorts backends by what reports say of them.
#include "actors/console/selection.hpp"

#include "actors/console/backend_row.hpp"
#include "actors/console/reports.hpp"
#include "config/text.hpp"
#include "messages/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>

namespace pgstatsmon {

namespace {

using json = nlohmann::ordered_json;

/// What tells backends apart, for who is to be offered filters.
constexpr std::array offered{"database", "failure", "kind",  "paused", "role",
                             "setup",    "source",  "state", "up"};

/// What a list is sorted by without a look at anything else.
constexpr std::string_view first_column = "backend";

struct facts_of_one {
  entry_ptr of;
  json facts;
};

struct filter {
  std::string name;
  std::string value;
  bool differs = false;
};

/// What a report says of a backend, its vital signs and its place.
json facts_of(const entry& x, const fleet_view::found& place, const look_time& now) {
  auto facts = to_json(summary_report(x, now));
  auto vitals = vitals_now(x);
  for (const auto& y : all_vital_signs)
    facts[y.name] = std::isnan(vitals[y.sign]) ? json{} : json(vitals[y.sign]);
  for (const auto& y : place_of(place, x.value.name).facts)
    facts[y.key] = y.value.json;
  return facts;
}

std::vector<facts_of_one> facts_of(const entry_list& all, const fleet_view& fleet,
                                   const look_time& now) {
  std::map<std::string_view, fleet_view::found> places;
  for (const auto& cluster : fleet.clusters)
    for (const auto& member : cluster->members)
      for (const auto& name : member.entries)
        places.emplace(name, fleet_view::found{cluster.get(), &member});
  std::vector<facts_of_one> result;
  result.reserve(all.size());
  for (const auto& x : all) {
    auto place = places.find(x->value.name);
    result.push_back(
      {x, facts_of(*x, place == places.end() ? fleet_view::found{} : place->second, now)});
  }
  return result;
}

/// As it is written behind `=`.
std::string text_of(const json& x) {
  if (x.is_boolean())
    return x.get<bool>() ? "yes" : "no";
  if (x.is_null())
    return "none";
  return x.is_string() ? x.get<std::string>() : x.dump();
}

/// A label goes before a fact of that name; null where there is neither.
json value_in(const json& facts, const std::string& name) {
  const auto& labels = facts["labels"];
  return labels.contains(name) ? labels[name] : facts.value(name, json{});
}

/// By a fact or a label of that name, of which a cluster's identifier and label are an example.
bool holds(const filter& x, const json& facts) {
  const auto& labels = facts["labels"];
  auto is = [&](const json& in) {
    return matches_pattern(text_of(in.value(x.name, json{})), x.value);
  };
  auto labelled = labels.contains(x.name);
  auto found = (labelled && is(labels)) || ((!labelled || facts.contains(x.name)) && is(facts));
  return found != x.differs;
}

caf::error unknown(std::string_view what, const std::string& name,
                   const std::set<std::string>& known) {
  auto like = nearest(name, {known.begin(), known.end()});
  return caf::make_error(
    ec::bad_command, fmt::format("{} '{}', which is no label and no column{}", what, one_line(name),
                                 like.empty() ? "" : fmt::format("; did you mean '{}'?", like)));
}

/// How JSON calls a column that people know by its title.
std::string key_of(const std::string& name) {
  const auto columns = listed_columns();
  auto titled = std::ranges::find(columns, name, &column::title);
  return titled == columns.end() || name.empty() ? name : titled->key;
}

caf::expected<filter> parse_filter(const std::string& x) {
  auto end = x.find('=');
  auto differs = end != std::string::npos && end > 0 && x[end - 1] == '!';
  if (end == std::string::npos || end == (differs ? 1U : 0U))
    return caf::make_error(
      ec::bad_command,
      fmt::format("'{}' is no filter, expected NAME=VALUE or NAME!=VALUE", one_line(x)));
  return filter{key_of(x.substr(0, end - (differs ? 1 : 0))), x.substr(end + 1), differs};
}

/// All that a filter or a sort may name.
std::set<std::string> names_in(const std::vector<facts_of_one>& all) {
  std::set<std::string> result;
  for (const auto& x : sort_words())
    result.insert(x);
  for (const auto& x : all) {
    for (const auto& [name, value] : x.facts["labels"].items())
      result.insert(name);
    if (&x == &all.front())
      for (const auto& [name, value] : x.facts.items())
        if (name != "labels")
          result.insert(name);
  }
  return result;
}

/// Nothing is known of those that are not; else numbers from the largest, words from the first.
bool value_before(const json& x, const json& y, bool turned) {
  if (x.is_null() || y.is_null())
    return !x.is_null() && y.is_null();
  const auto& [first, second] = turned ? std::tie(y, x) : std::tie(x, y);
  if (x.is_number() && y.is_number())
    return first.get<double>() > second.get<double>();
  return name_before(text_of(first), text_of(second));
}

bool by_name(const entry_ptr& x, const entry_ptr& y) {
  return name_before(x->value.name, y->value.name);
}

void sort(std::vector<facts_of_one>& all, const std::string& name, bool turned) {
  std::ranges::stable_sort(all, by_name, &facts_of_one::of);
  std::ranges::stable_sort(all, [&](const auto& x, const auto& y) {
    return value_before(value_in(x.facts, name), value_in(y.facts, name), turned);
  });
}

} // namespace

caf::expected<entry_list> selected(const entry_list& all, const backend_selection& by,
                                   const fleet_view& fleet, const look_time& now) {
  auto result = all;
  auto plainly = by.sort.empty() || by.sort == first_column;
  if (by.filters.empty() && plainly) {
    if (!by.sort.empty())
      std::ranges::stable_sort(result, by_name);
    return result;
  }
  auto known = facts_of(all, fleet, now);
  auto names = names_in(known);
  for (const auto& text : by.filters) {
    auto parsed = parse_filter(text);
    if (!parsed)
      return std::move(parsed.error());
    if (!all.empty() && !names.contains(parsed->name))
      return unknown("filter by", parsed->name, names);
    std::erase_if(known, [&](const auto& x) { return !holds(*parsed, x.facts); });
  }
  auto turned = by.sort.starts_with('-');
  if (!by.sort.empty()) {
    auto column = key_of(by.sort.substr(turned ? 1 : 0));
    if (!all.empty() && !names.contains(column))
      return unknown("sort by", column, names);
    sort(known, column, turned);
  }
  result.clear();
  std::ranges::transform(known, std::back_inserter(result), &facts_of_one::of);
  return result;
}

std::vector<std::string> filter_words(const entry_list& all) {
  std::set<std::string> result;
  auto now = look_time::now();
  for (const auto& x : all) {
    for (const auto& [name, value] : x->value.labels)
      result.insert(fmt::format("{}={}", name, value));
    auto facts = to_json(summary_report(*x, now));
    for (const auto* name : offered)
      result.insert(fmt::format("{}={}", name, text_of(facts[name])));
  }
  return {result.begin(), result.end()};
}

std::vector<std::string> sort_words() {
  std::set<std::string> result;
  for (const auto& x : listed_columns()) {
    result.insert(x.key);
    if (!x.title.empty())
      result.insert(x.title);
  }
  for (const auto& x : all_vital_signs)
    result.emplace(x.name);
  return {result.begin(), result.end()};
}

bool matches_pattern(std::string_view text, std::string_view pattern) noexcept {
  auto star = pattern.find('*');
  if (star == std::string_view::npos)
    return text == pattern;
  if (!text.starts_with(pattern.substr(0, star)))
    return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  // What stands between two stars is taken where it comes first; the rest must be the end.
  while ((star = pattern.find('*')) != std::string_view::npos) {
    auto found = text.find(pattern.substr(0, star));
    if (found == std::string_view::npos)
      return false;
    text.remove_prefix(found + star);
    pattern.remove_prefix(star + 1);
  }
  return text.size() >= pattern.size() && text.ends_with(pattern);
}

bool name_before(std::string_view x, std::string_view y) noexcept {
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto take_number = [&](std::string_view& from) {
    from.remove_prefix(std::min(from.find_first_not_of('0'), from.size()));
    auto digits = std::ranges::find_if_not(from, is_digit) - from.begin();
    auto result = from.substr(0, static_cast<size_t>(digits));
    from.remove_prefix(result.size());
    return result;
  };
  auto [whole_x, whole_y] = std::pair{x, y};
  while (!x.empty() && !y.empty()) {
    if (is_digit(x.front()) && is_digit(y.front())) {
      auto [n, m] = std::pair{take_number(x), take_number(y)};
      if (n.size() != m.size())
        return n.size() < m.size();
      if (n != m)
        return n < m;
      continue;
    }
    if (x.front() != y.front())
      return static_cast<unsigned char>(x.front()) < static_cast<unsigned char>(y.front());
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  // `a01` and `a1` are not the same, and have an order.
  return x.empty() && y.empty() ? whole_x < whole_y : x.empty();
}

} // namespace pgstatsmon
