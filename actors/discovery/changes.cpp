// Two lists of backends become what must be removed and added.
#include "actors/discovery/changes.hpp"

#include "config/backend_name.hpp"
#include "config/text.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace pgstatsmon {

namespace {

using index_by_id = std::unordered_map<std::string_view, const backend*>;

index_by_id index(const backend_list& xs) {
  index_by_id result;
  result.reserve(xs.size());
  for (const auto& x : xs)
    result.emplace(x.id, &x);
  return result;
}

/// Whether a backend needs no new life to be what is wanted.
bool goes_on(backend before, const backend& after) {
  before.labels = after.labels;
  before.source = after.source;
  before.password_file = after.password_file;
  before.parameters = after.parameters;
  return before == after;
}

name_wish wish_of(const backend& x) {
  return {x.name, x.address, x.port, x.database, x.id};
}

} // namespace

list_changes changes(const backend_list& live, const backend_list& wanted) {
  list_changes result;
  auto before = index(live);
  auto after = index(wanted);
  for (const auto& x : live) {
    auto i = after.find(x.id);
    if (i == after.end() || !goes_on(x, *i->second))
      result.removed.push_back({x.id});
  }
  for (const auto& x : wanted) {
    auto i = before.find(x.id);
    if (i == before.end() || !goes_on(*i->second, x))
      result.added.push_back({x});
    else if (*i->second != x)
      result.changed.push_back({x});
  }
  return result;
}

std::string difference(const backend& before, const backend& after) {
  std::string result;
  auto add = [&](std::string_view what) {
    result += result.empty() ? "" : "; ";
    result += what;
  };
  auto compare = [&](std::string_view what, std::string_view old, std::string_view now) {
    if (old != now)
      add(fmt::format("{} {} is now {}", what, one_line(old), one_line(now)));
  };
  compare("address", address_and_port(before.address, before.port),
          address_and_port(after.address, after.port));
  compare("database", before.database, after.database);
  compare("user", before.user, after.user);
  compare("kind", to_string_view(before.kind), to_string_view(after.kind));
  compare("source", before.source, after.source);
  if (before.labels != after.labels)
    add("labels");
  if (before.password_file != after.password_file)
    add("password_file");
  if (before.parameters != after.parameters)
    add("parameters");
  if (before.collect != after.collect)
    add("collect, tables, budget or activity");
  if (before.databases != after.databases)
    add("databases");
  compare("name", before.name, after.name);
  return result;
}

backend_list with_unique_ids(backend_list xs, backend_list& repeated) {
  backend_list result;
  result.reserve(xs.size());
  std::unordered_set<std::string> seen;
  for (auto& x : xs)
    (seen.insert(x.id).second ? result : repeated).push_back(std::move(x));
  return result;
}

backend_list with_unique_names(const backend_list& live, backend_list wanted,
                               std::vector<renaming>& renamed) {
  auto known = index(live);
  backend_names names;
  std::vector<backend*> newcomers;
  for (auto& x : wanted) {
    auto i = known.find(x.id);
    if (i != known.end() && backend_names::could_be(i->second->name, wish_of(x))) {
      x.name = i->second->name;
      names.keep(x.name, wish_of(x));
    } else {
      newcomers.push_back(&x);
    }
  }
  for (auto* x : newcomers) {
    auto name = names.give(wish_of(*x));
    if (name != x->name)
      renamed.push_back({x->id, x->name, name});
    x->name = std::move(name);
  }
  return wanted;
}

} // namespace pgstatsmon
